//! The client of each service.

use super::{error, layout, request, response};
use crate::idl::{Idl, Method, Service};

pub(super) fn client(idl: &Idl, service: &Service) -> String {
    let name = &service.name;
    let methods = idl.methods().enumerate().filter(|(_, (_, of, _))| of.name == *name);
    let methods: Vec<_> = methods.map(|(id, (_, _, found))| method(idl, id, found)).collect();
    format!(
        "/// Calls the methods of `{name}` over a channel.\n\
         pub struct {name}Client<'a, C>(pub &'a C);\n\n\
         impl<C: Channel> {name}Client<'_, C> {{\n{}}}\n",
        methods.join("\n"),
    )
}

fn method(idl: &Idl, id: usize, method: &Method) -> String {
    let docs = layout::docs(4, method.doc.as_deref());
    let (run, answer, error) = match method.oneway {
        true => ("send", "()".to_owned(), "Infallible".to_owned()),
        false => ("call", response(idl, method), error(idl, method)),
    };
    let arguments = ["&self".to_owned(), format!("request: {}", request(idl, method))];
    let close = format!(") -> Result<{answer}, CallError<{error}>> {{");
    let head = layout::list(4, &format!("pub async fn {}(", method.name), &arguments, &close);
    format!("{docs}{head}        runtime::{run}(self.0, &METHODS[{id}], request).await\n    }}\n")
}
