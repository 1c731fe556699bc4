//! What an IDL says, as far as services and rules need it.

use crate::declaration::{Declaration, Kind};
use sha2::{Digest, Sha256};

/// The files of a contract, by name.
#[derive(Debug)]
pub(crate) struct Idl {
    pub(crate) files: Vec<File>,
}

/// One `.thrift` file.
#[derive(Debug)]
pub(crate) struct File {
    /// `types` for `types.thrift`.
    pub(crate) name: String,
    /// The file as a person finds it: folder and name.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    pub(crate) doc: Option<String>,
    /// Scope (`rs`, `py`, `*`, …) and value.
    pub(crate) namespaces: Vec<(String, String)>,
    /// Constants and their types.
    pub(crate) consts: Vec<(String, Type)>,
    /// Typedefs and what they stand for.
    pub(crate) typedefs: Vec<(String, Type)>,
    pub(crate) enums: Vec<Enum>,
    pub(crate) structs: Vec<Struct>,
    pub(crate) services: Vec<Service>,
    /// Annotations of anything but a method or a field, by name.
    pub(crate) annotations: Vec<(Declaration, String)>,
}

#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) values: Vec<(String, i64)>,
}

/// A struct, a union or an exception, by `kind`.
#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

/// A field, an argument, or an entry of `throws`.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) optional: bool,
    pub(crate) has_default: bool,
    pub(crate) type_: Type,
    pub(crate) annotations: Vec<(String, String)>,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) doc: Option<String>,
    /// The service that it extends.
    pub(crate) parent: Option<String>,
    pub(crate) methods: Vec<Method>,
}

#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) doc: Option<String>,
    pub(crate) oneway: bool,
    /// `None` is void.
    pub(crate) answer: Option<Type>,
    pub(crate) arguments: Vec<Field>,
    pub(crate) throws: Vec<Field>,
    pub(crate) annotations: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    /// `i64`, `string`, `binary`, …
    Base(String),
    /// A declared type and the file that declares it.
    Declared {
        file: String,
        name: String,
    },
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>, Box<Type>),
}

/// What a name stands for, typedefs resolved.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meaning<'a> {
    /// A base type or a container.
    Plain(&'a Type),
    Enum,
    Struct(&'a File, &'a Struct),
    /// Declared in a file that is not among those read.
    Unknown,
}

impl Idl {
    /// Every service with its file, in the order of the files' names, then as declared.
    pub(crate) fn services(&self) -> impl Iterator<Item = (&File, &Service)> {
        self.files.iter().flat_map(|file| file.services.iter().map(move |service| (file, service)))
    }

    /// Every method with its service and file, in that order; its place is its id.
    pub(crate) fn methods(&self) -> impl Iterator<Item = (&File, &Service, &Method)> {
        self.services().flat_map(|(file, service)| service.methods.iter().map(move |method| (file, service, method)))
    }

    /// Every struct that a method takes, once, with its file, as declared.
    pub(crate) fn requests(&self) -> impl Iterator<Item = (&File, &Struct)> {
        let arguments = self.methods().filter_map(|(_, _, method)| method.arguments.first());
        let taken: Vec<_> = arguments.filter_map(|argument| self.structure(&argument.type_, Kind::Struct)).collect();
        let structs = self.files.iter().flat_map(|file| file.structs.iter().map(move |found| (file, found)));
        structs.filter(move |(_, found)| taken.iter().any(|request| std::ptr::eq(*request, *found)))
    }

    /// Every struct that hot methods carry, and those in them, once, with its file, as declared.
    pub(crate) fn hot_structs(&self) -> Vec<(&File, &Struct)> {
        let hot = self.methods().map(|(_, _, method)| method).filter(|method| method.is_hot());
        let mut open: Vec<&Type> =
            hot.flat_map(|method| method.arguments.iter().map(|it| &it.type_).chain(&method.answer)).collect();
        let mut found: Vec<&Struct> = vec![];
        while let Some(type_) = open.pop() {
            match self.meaning(type_) {
                Meaning::Plain(Type::List(element)) => open.push(element),
                Meaning::Struct(_, next) if !found.iter().any(|known| std::ptr::eq(*known, next)) => {
                    found.push(next);
                    open.extend(next.fields.iter().map(|field| &field.type_));
                }
                _ => {}
            }
        }
        let structs = self.files.iter().flat_map(|file| file.structs.iter().map(move |declared| (file, declared)));
        structs.filter(|(_, declared)| found.iter().any(|it| std::ptr::eq(*it, *declared))).collect()
    }

    /// Every struct that a request holds a list of, once, with its file, as declared.
    pub(crate) fn items(&self) -> impl Iterator<Item = (&File, &Struct)> {
        let fields = self.requests().flat_map(|(_, request)| &request.fields);
        let listed = fields.filter_map(|field| match self.meaning(&field.type_) {
            Meaning::Plain(Type::List(element)) => self.structure(element, Kind::Struct),
            _ => None,
        });
        let listed: Vec<_> = listed.collect();
        let structs = self.files.iter().flat_map(|file| file.structs.iter().map(move |found| (file, found)));
        structs.filter(move |(_, found)| listed.iter().any(|item| std::ptr::eq(*item, *found)))
    }

    /// The struct or exception that a type means.
    pub(crate) fn structure<'a>(&'a self, type_: &'a Type, kind: Kind) -> Option<&'a Struct> {
        match self.meaning(type_) {
            Meaning::Struct(_, found) if found.kind == kind => Some(found),
            _ => None,
        }
    }

    /// Resolves typedefs. The compiler has refused those that go in circles.
    pub(crate) fn meaning<'a>(&'a self, type_: &'a Type) -> Meaning<'a> {
        let Type::Declared { file, name } = type_ else { return Meaning::Plain(type_) };
        let Some(file) = self.files.iter().find(|known| known.name == *file) else { return Meaning::Unknown };
        if let Some(found) = file.structs.iter().find(|found| found.name == *name) {
            return Meaning::Struct(file, found);
        }
        match file.typedefs.iter().find(|(typedef, _)| typedef == name) {
            Some((_, target)) => self.meaning(target),
            None if file.enums.iter().any(|found| found.name == *name) => Meaning::Enum,
            None => Meaning::Unknown,
        }
    }

    /// SHA-256 of the contract, in hex: of each file in the order of names, its name, NUL, its text, NUL.
    pub(crate) fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for file in &self.files {
            hash.update(format!("{}.thrift\0{}\0", file.name, file.text));
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl File {
    /// The value of `namespace SCOPE`.
    pub(crate) fn namespace(&self, scope: &str) -> Option<&str> {
        self.namespaces.iter().find(|(known, _)| known == scope).map(|(_, value)| value.as_str())
    }
}

impl Type {
    pub(crate) fn is_container(&self) -> bool {
        matches!(self, Self::List(_) | Self::Set(_) | Self::Map(..))
    }
}

impl Method {
    /// It is called so often that reading and writing what it carries has to cost nothing.
    pub(crate) fn is_hot(&self) -> bool {
        self.annotation("hot").is_some()
    }

    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        annotation(&self.annotations, key)
    }
}

impl Field {
    /// What the value of this field names: "model", "dataset", …
    pub(crate) fn resource(&self) -> Option<&str> {
        annotation(&self.annotations, "resource")
    }
}

fn annotation<'a>(annotations: &'a [(String, String)], key: &str) -> Option<&'a str> {
    annotations.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}
