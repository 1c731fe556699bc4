//! The trait of each service, and of all of them.

use super::{error, layout, request, response};
use crate::idl::{File, Idl, Method, Service};

/// The trait, with the documentation of the service or else of its file.
pub(super) fn service(idl: &Idl, file: &File, service: &Service) -> String {
    let docs = layout::docs(0, service.doc.as_deref().or(file.doc.as_deref()));
    let methods: Vec<_> = service.methods.iter().map(|method| signature(idl, method)).collect();
    format!("{docs}pub trait {}: Send + Sync {{\n{}}}\n", service.name, methods.join("\n"))
}

fn signature(idl: &Idl, method: &Method) -> String {
    let docs = layout::docs(4, method.doc.as_deref());
    let output = match method.oneway {
        true => "()".to_owned(),
        false => format!("Result<{}, {}>", response(idl, method), error(idl, method)),
    };
    if method.is_hot() {
        let receiver = ["&'a self".to_owned(), "call: &Call".to_owned(), format!("request: {}", request(idl, method))];
        let close = format!(") -> Begun<'a, {output}>;");
        return docs + &layout::list(4, &format!("fn {}<'a>(", method.name), &receiver, &close);
    }
    let arguments = ["&self".to_owned(), "call: &Call".to_owned(), format!("request: {}", request(idl, method))];
    let close = format!(") -> impl Future<Output = {output}> + Send;");
    docs + &layout::list(4, &format!("fn {}(", method.name), &arguments, &close)
}

pub(super) fn all(idl: &Idl) -> String {
    let names: Vec<_> = idl.services().map(|(_, service)| service.name.as_str()).collect();
    let bounds = names.join(" + ");
    format!(
        "/// One value that serves everything.\n\
         pub trait Services: {bounds} {{}}\n\n\
         impl<T: {bounds}> Services for T {{}}\n"
    )
}
