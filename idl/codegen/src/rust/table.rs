//! What is known of the methods without calling them: `IDL_SHA256`, `METHODS`, `find`.

use super::resources::upper_camel;
use crate::idl::{Idl, Method, Service};

pub(super) fn sha256(idl: &Idl) -> String {
    format!("/// SHA-256 of the IDL files, in hex.\npub const IDL_SHA256: &str = \"{}\";\n", idl.sha256())
}

pub(super) fn methods(idl: &Idl) -> String {
    let entries: String =
        idl.methods().enumerate().map(|(id, (_, service, method))| entry(id, service, method)).collect();
    format!(
        "/// Every method, in the order of the files' names, then as declared; `Method::id` is its place here.\n\
         pub static METHODS: &[Method] = &[\n{entries}];\n"
    )
}

/// One line, however long: a table is read down its columns.
fn entry(id: usize, service: &Service, method: &Method) -> String {
    let (name, service, oneway) = (&method.name, &service.name, method.oneway);
    let (idempotent, audited) = (method.annotation("idempotent").is_some(), method.annotation("audit") == Some("true"));
    let role = upper_camel(method.annotation("role").unwrap_or_default()); // The rules let no method be without.
    format!(
        "    Method {{ id: {id}, service: {service:?}, name: {name:?}, oneway: {oneway}, idempotent: {idempotent}, \
         role: Role::{role}, audited: {audited} }},\n"
    )
}

pub(super) fn find(idl: &Idl) -> String {
    let arms: String =
        idl.methods().enumerate().map(|(id, (_, _, method))| format!("        {:?} => {id},\n", method.name)).collect();
    format!(
        "/// The method of this name, called bare (`None`) or as one of a service.\n\
         pub fn find(service: Option<&str>, name: &str) -> Option<&'static Method> {{\n    \
             let id = match name {{\n\
         {arms}        _ => return None,\n    \
             }};\n    \
             METHODS.get(id).filter(|method| service.is_none_or(|service| service == method.service))\n\
         }}\n"
    )
}
