//! What is declared in a file, and what messages call it.

use crate::idl::{Field, File, Method, Service, Struct};
use std::fmt;

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

impl File {
    /// Everything that has a name in a file, and the file itself.
    pub(crate) fn declarations(&self) -> Vec<Declaration> {
        let mut all = vec![Declaration::new(Kind::File, &self.name)];
        all.extend(self.consts.iter().map(|(name, _)| Declaration::new(Kind::Const, name)));
        all.extend(self.typedefs.iter().map(|(name, _)| Declaration::new(Kind::Typedef, name)));
        for found in &self.enums {
            all.push(Declaration::new(Kind::Enum, &found.name));
            all.extend(found.values.iter().map(|(name, _)| Declaration::within(Kind::Value, name, &found.name)));
        }
        for found in &self.structs {
            all.push(found.declaration());
            all.extend(found.fields.iter().map(|field| found.declaration_of(field)));
        }
        for service in &self.services {
            all.push(Declaration::new(Kind::Service, &service.name));
            all.extend(service.methods.iter().map(|method| service.declaration_of(method)));
        }
        all
    }
}

impl Struct {
    pub(crate) fn declaration(&self) -> Declaration {
        Declaration::new(self.kind, &self.name)
    }

    pub(crate) fn declaration_of(&self, field: &Field) -> Declaration {
        Declaration::within(Kind::Field, &field.name, &self.name)
    }
}

impl Service {
    pub(crate) fn declaration_of(&self, method: &Method) -> Declaration {
        Declaration::within(Kind::Method, &method.name, &self.name)
    }
}
