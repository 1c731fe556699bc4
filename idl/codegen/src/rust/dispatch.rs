//! From a method of the table to the call of the trait.

use crate::idl::{Idl, Method};

pub(super) fn dispatch(idl: &Idl) -> String {
    let last = idl.methods().count().saturating_sub(1);
    let arms: String = idl.methods().enumerate().map(|(id, (_, _, method))| arm(id, last, method)).collect();
    format!(
        "/// Decodes the arguments, holds what they name against the caller, calls the method, encodes what it answers.\n\
         pub fn dispatch<'a, S: Services>(services: &'a S, method: &Method, call: &Call, arguments: Arguments) \
         -> Begun<'a, Reply> {{\n    \
             match method.id {{\n\
         {arms}    }}\n\
         }}\n"
    )
}

/// The last method takes the arm of every other id, of which `METHODS` has none: nothing there can panic.
fn arm(id: usize, last: usize, method: &Method) -> String {
    let (name, run) = (&method.name, run(method));
    let begun = match method.is_hot() {
        true => format!("runtime::{run}(call, arguments, |call, request| services.{name}(call, request)),\n"),
        false => format!(
            "{{ let call = call.clone(); Begun::waits(async move {{ runtime::{run}(&call, arguments, |request| \
             services.{name}(&call, request)).await }}) }}\n"
        ),
    };
    match id == last {
        true => format!("        // {last}: METHODS has no other id.\n        _ => {begun}"),
        false => format!("        {id} => {begun}"),
    }
}

fn run(method: &Method) -> &'static str {
    match (method.oneway, method.is_hot()) {
        (true, _) => "receive",
        (_, true) => "begin",
        (_, false) => "answer",
    }
}
