//! What each request names, so that one check holds it against the caller before the method is called.

use crate::idl::{Field, File, Idl, Struct};

pub(super) fn resources(idl: &Idl) -> String {
    let requests: Vec<_> = idl.requests().map(|(file, request)| of_request(file, request)).collect();
    requests.join("\n")
}

fn of_request(file: &File, request: &Struct) -> String {
    let named: Vec<_> = request.fields.iter().filter_map(|field| Some(value(field, field.resource()?))).collect();
    let body = match named.is_empty() {
        true => "std::iter::empty()".to_owned(),
        false => format!("[{}].into_iter().flatten()", named.join(", ")),
    };
    format!(
        "impl Resources for {}::{} {{\n    \
             fn resources(&self) -> impl Iterator<Item = Resource<'_>> {{\n        \
                 {body}\n    \
             }}\n\
         }}\n",
        file.name, request.name,
    )
}

/// `self.model.as_deref().map(Resource::Model)`
fn value(field: &Field, resource: &str) -> String {
    let text = if resource == "version" { "" } else { ".as_deref()" };
    format!("self.{}{text}.map(Resource::{})", field.name, upper_camel(resource))
}

/// A resource or a role as a variant.
pub(super) fn upper_camel(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}
