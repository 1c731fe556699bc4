//! Readers and writers of what hot methods carry, without an object or an allocation for each field.

use crate::idl::{Field, File, Idl, Meaning, Struct, Type};

/// An implementation of `Direct` for each hot struct; nothing if there is none.
pub(super) fn direct(idl: &Idl) -> Option<String> {
    let hot = idl.hot_structs();
    let all: Vec<_> = hot.iter().map(|(file, found)| of_struct(idl, file, found)).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

fn of_struct(idl: &Idl, file: &File, found: &Struct) -> String {
    let absent: Vec<_> = found.fields.iter().map(|field| format!("{}: None", name(field))).collect();
    let reads: String = found.fields.iter().map(|field| read(idl, field)).collect();
    let writes: String = found.fields.iter().map(|field| write(idl, field)).collect();
    format!(
        "impl Direct for {}::{} {{\n    \
             fn empty() -> Self {{\n        \
                 Self {{ {} }}\n    \
             }}\n\n    \
             fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {{\n        \
                 while let Some(field) = source.field()? {{\n            \
                     match field {{\n\
         {reads}                _ => return None,\n            \
                     }}\n        \
                 }}\n        \
                 Some(())\n    \
             }}\n\n    \
             fn write<S: Sink>(&self, sink: &mut S) {{\n        \
                 let outer = sink.enter();\n\
         {writes}        sink.leave(outer);\n    \
             }}\n\
         }}\n",
        file.name,
        found.name,
        absent.join(", "),
    )
}

/// As the Apache compiler names it.
fn name(field: &Field) -> String {
    if field.name == "type" { "type_".to_owned() } else { field.name.clone() }
}

fn read(idl: &Idl, field: &Field) -> String {
    let (kind, id, name) = (kind(idl, &field.type_), field.id, name(field));
    let read = match idl.meaning(&field.type_) {
        // Where it stays: a struct is large.
        Meaning::Struct(file, found) => {
            format!("self.{name}.insert({}::{}::empty()).read(source)?", file.name, found.name)
        }
        _ => format!("self.{name} = Some({})", source(idl, &field.type_)),
    };
    format!("                (Kind::{kind}, {id}) => {read},\n")
}

/// An expression that reads one value.
fn source(idl: &Idl, type_: &Type) -> String {
    match idl.meaning(type_) {
        Meaning::Enum => format!("{}::from(source.i32()?)", declared(type_)),
        Meaning::Struct(file, found) => format!("{}::{}::one(source)?", file.name, found.name),
        Meaning::Plain(Type::List(element)) => {
            format!("source.list(Kind::{}, |source| Some({}))?", kind(idl, element), source(idl, element))
        }
        Meaning::Plain(Type::Base(base)) if base == "string" => "source.text()?".to_owned(),
        Meaning::Plain(Type::Base(base)) if base == "binary" => "source.bytes()?".to_owned(),
        Meaning::Plain(Type::Base(base)) => format!("source.{base}()?"),
        Meaning::Plain(_) | Meaning::Unknown => String::new(), // The rules let no hot struct have one.
    }
}

fn write(idl: &Idl, field: &Field) -> String {
    let (id, name) = (field.id, name(field));
    if field.type_ == Type::Base("bool".to_owned()) {
        return format!(
            "        if let Some(value) = self.{name} {{\n            sink.flag({id}, value);\n        }}\n"
        );
    }
    let (kind, value) = (kind(idl, &field.type_), sink(idl, &field.type_, "value"));
    format!(
        "        if let Some(value) = &self.{name} {{\n            \
                     sink.field(Kind::{kind}, {id});\n            \
                     {value};\n        \
                 }}\n"
    )
}

/// An expression that writes what a reference means.
fn sink(idl: &Idl, type_: &Type, value: &str) -> String {
    match idl.meaning(type_) {
        Meaning::Enum => format!("sink.i32({value}.0)"),
        Meaning::Struct(..) => format!("{value}.write(sink)"),
        Meaning::Plain(Type::List(element)) => {
            let one = sink(idl, element, "it");
            format!("sink.list(Kind::{}, {value}, |sink, it| {one})", kind(idl, element))
        }
        Meaning::Plain(Type::Base(base)) if base == "string" => format!("sink.text({value})"),
        Meaning::Plain(Type::Base(base)) if base == "binary" => format!("sink.bytes({value})"),
        Meaning::Plain(Type::Base(base)) => format!("sink.{base}(*{value})"),
        Meaning::Plain(_) | Meaning::Unknown => String::new(), // As above.
    }
}

/// The type on the wire.
fn kind(idl: &Idl, type_: &Type) -> &'static str {
    match idl.meaning(type_) {
        Meaning::Plain(Type::Base(base)) if base == "bool" => "Bool",
        Meaning::Plain(Type::Base(base)) if base == "i64" => "I64",
        Meaning::Plain(Type::Base(base)) if ["string", "binary"].contains(&base.as_str()) => "Text",
        Meaning::Plain(Type::List(_)) => "List",
        Meaning::Struct(..) => "Struct",
        Meaning::Enum | Meaning::Plain(_) | Meaning::Unknown => "I32",
    }
}

/// Module and name of an enum.
fn declared(type_: &Type) -> String {
    match type_ {
        Type::Declared { file, name } => format!("{file}::{name}"),
        _ => String::new(),
    }
}
