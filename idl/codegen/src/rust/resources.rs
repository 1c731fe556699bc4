//! What each request names, so that one check holds it against the caller before the method is called; and what each item
//! of a list in a request names, so that the method can hold it against the caller item by item.

use crate::idl::{Field, File, Idl, Struct};

pub(super) fn resources(idl: &Idl) -> String {
    let requests: Vec<_> = idl.requests().collect();
    let is_request = |found: &Struct| requests.iter().any(|(_, request)| std::ptr::eq(*request, found));
    let items = idl.items().filter(|(_, item)| !is_request(item) && !named(item).is_empty());
    let all: Vec<_> = requests.iter().copied().chain(items).map(|(file, found)| of_struct(file, found)).collect();
    all.join("\n")
}

fn named(found: &Struct) -> Vec<String> {
    found.fields.iter().filter_map(|field| Some(value(field, field.resource()?))).collect()
}

fn of_struct(file: &File, found: &Struct) -> String {
    let named = named(found);
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
        file.name, found.name,
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
