//! What an IDL says, as far as services and rules need it.

use sha2::{Digest, Sha256};
use std::fmt;

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
    /// Annotations of anything but a method, by name.
    pub(crate) annotations: Vec<(Declaration, String)>,
}

#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) members: Vec<(String, i64)>,
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

/// What a declaration declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Namespace,
    Const,
    Typedef,
    Enum,
    Value,
    Struct,
    Union,
    Exception,
    Field,
    Service,
    Method,
}

/// Where in a file something is declared: what [`crate::source::line`] looks up.
#[derive(Debug, Clone)]
pub(crate) struct Declaration {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// The struct, enum or service around it.
    pub(crate) within: Option<String>,
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

impl Method {
    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

impl Declaration {
    pub(crate) fn new(kind: Kind, name: &str) -> Self {
        Self { kind, name: name.to_owned(), within: None }
    }

    pub(crate) fn within(kind: Kind, name: &str, outer: &str) -> Self {
        Self { kind, name: name.to_owned(), within: Some(outer.to_owned()) }
    }
}

impl fmt::Display for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.within {
            Some(outer) => write!(f, "{} {outer}.{}", self.kind.word(), self.name),
            None => write!(f, "{} {}", self.kind.word(), self.name),
        }
    }
}

impl Kind {
    /// What the IDL declares with a word of its own.
    pub(crate) const KEYWORDS: [Self; 8] = [
        Self::Namespace,
        Self::Const,
        Self::Typedef,
        Self::Enum,
        Self::Struct,
        Self::Union,
        Self::Exception,
        Self::Service,
    ];

    /// `struct`, `union` and `exception`.
    pub(crate) fn has_fields(self) -> bool {
        matches!(self, Self::Struct | Self::Union | Self::Exception)
    }

    /// In `const i32 LIMIT` and `typedef i32 Count` the name does not follow the keyword.
    pub(crate) fn follows_type(self) -> bool {
        matches!(self, Self::Const | Self::Typedef)
    }

    /// As messages and, but for `file`, `value`, `field` and `method`, as the IDL calls it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Namespace => "namespace",
            Self::Const => "const",
            Self::Typedef => "typedef",
            Self::Enum => "enum",
            Self::Value => "value",
            Self::Struct => "struct",
            Self::Union => "union",
            Self::Exception => "exception",
            Self::Field => "field",
            Self::Service => "service",
            Self::Method => "method",
        }
    }
}
