//! From a method of the table to the call of the trait.

use crate::idl::{Idl, Method};

pub(super) fn dispatch(idl: &Idl) -> String {
    let last = idl.methods().count().saturating_sub(1);
    let arms: String = idl.methods().enumerate().map(|(id, (_, _, method))| arm(id, last, method)).collect();
    format!(
        "/// Decodes the arguments, holds what they name against the caller, calls the method, encodes what it answers.\n\
         pub async fn dispatch<S: Services>(services: &S, method: &Method, call: &Call, arguments: Arguments) \
         -> Reply {{\n    \
             match method.id {{\n\
         {arms}    }}\n\
         }}\n"
    )
}

fn run(method: &Method) -> &'static str {
    match (method.oneway, method.is_hot()) {
        (true, _) => "receive",
        (_, true) => "answer_directly",
        (_, false) => "answer",
    }
}

/// The last method takes the arm of every other id, of which `METHODS` has none: nothing there can panic.
fn arm(id: usize, last: usize, method: &Method) -> String {
    let (name, run) = (&method.name, run(method));
    let future = format!("runtime::{run}(call, arguments, |request| services.{name}(call, request))");
    // In place for those that are called often; what a call takes is as large as the largest of these.
    let call = if method.is_hot() { format!("{future}.await,\n") } else { format!("Box::pin({future}).await,\n") };
    match id == last {
        true => format!("        // {last}: METHODS has no other id.\n        _ => {call}"),
        false => format!("        {id} => {call}"),
    }
}
