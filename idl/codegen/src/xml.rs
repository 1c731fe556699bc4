//! Reads the compiler's XML dump of an IDL.

use crate::declaration::{Declaration, Kind};
use crate::idl::{Enum, Field, File, Idl, Method, Service, Struct, Type};
use roxmltree::{Document, Node};
use std::fs;
use std::path::Path;

/// Reads every `.thrift` file of `idl`, in the order of names, with its dump of the same name in `xml`.
///
/// # Errors
/// The file that is missing or not what the compiler writes.
pub(crate) fn read(idl: &Path, xml: &Path) -> Result<Idl, String> {
    let unreadable = |error| format!("{} cannot be read: {error}", idl.display());
    let entries = fs::read_dir(idl).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let mut paths: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "thrift"));
    paths.sort();
    let files = paths.iter().map(|path| read_file(path, xml)).collect::<Result<_, _>>()?;
    Ok(Idl { files })
}

fn read_file(path: &Path, xml: &Path) -> Result<File, String> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let dump = xml.join(format!("{name}.xml"));
    let in_dump = |error: String| format!("{}: {error}", dump.display());
    let dumped = escape_newlines(&text_of(&dump)?);
    let document = Document::parse(&dumped).map_err(|error| in_dump(error.to_string()))?;
    let root = children(document.root_element(), "document").next();
    let root = root.ok_or_else(|| in_dump("holds no <document>; write it with thrift --gen xml".to_owned()))?;
    let file = File {
        name,
        path: path.display().to_string(),
        text: text_of(path)?,
        doc: doc(root),
        namespaces: children(root, "namespace").map(|node| (text(node, "name"), text(node, "value"))).collect(),
        consts: named_types(root, "const").map_err(in_dump)?,
        typedefs: named_types(root, "typedef").map_err(in_dump)?,
        enums: children(root, "enum").map(enumeration).collect::<Result<_, _>>().map_err(in_dump)?,
        structs: structs(root).map_err(in_dump)?,
        services: children(root, "service").map(service).collect::<Result<_, _>>().map_err(in_dump)?,
        annotations: annotations_of_others(root),
    };
    Ok(file)
}

fn text_of(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

/// Keeps the lines of documentation: the compiler writes them into attributes, where XML reads a newline as a blank.
fn escape_newlines(xml: &str) -> String {
    let pieces = xml.split('"').enumerate();
    let escaped = pieces.map(|(i, piece)| if i % 2 == 1 { piece.replace('\n', "&#10;") } else { piece.to_owned() });
    escaped.collect::<Vec<_>>().join("\"")
}

fn children<'a, 'input>(node: Node<'a, 'input>, tag: &'a str) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(move |child| child.tag_name().name() == tag)
}

/// An attribute; empty if it is absent.
fn text(node: Node<'_, '_>, attribute: &str) -> String {
    node.attribute(attribute).unwrap_or_default().to_owned()
}

fn doc(node: Node<'_, '_>) -> Option<String> {
    node.attribute("doc").map(str::to_owned)
}

fn number(node: Node<'_, '_>, attribute: &str) -> Result<i64, String> {
    let value = text(node, attribute);
    value.parse().map_err(|_| format!("{attribute}={value:?} of {:?} is not a number", text(node, "name")))
}

fn named_types(root: Node<'_, '_>, tag: &str) -> Result<Vec<(String, Type)>, String> {
    children(root, tag).map(|node| Ok((text(node, "name"), type_of(node)?))).collect()
}

fn type_of(node: Node<'_, '_>) -> Result<Type, String> {
    let inner = |tag| match children(node, tag).next() {
        Some(inner) => type_of(inner).map(Box::new),
        None => Err(format!("<{}> {:?} has no <{tag}>", node.tag_name().name(), text(node, "name"))),
    };
    Ok(match text(node, "type").as_str() {
        "id" => Type::Declared { file: text(node, "type-module"), name: text(node, "type-id") },
        "list" => Type::List(inner("elemType")?),
        "set" => Type::Set(inner("elemType")?),
        "map" => Type::Map(inner("keyType")?, inner("valueType")?),
        base => Type::Base(base.to_owned()),
    })
}

fn enumeration(node: Node<'_, '_>) -> Result<Enum, String> {
    let value = |node| Ok((text(node, "name"), number(node, "value")?));
    let values = children(node, "member").map(value).collect::<Result<_, String>>()?;
    Ok(Enum { name: text(node, "name"), values })
}

/// Structs, unions and exceptions, as declared.
fn structs(root: Node<'_, '_>) -> Result<Vec<Struct>, String> {
    let structs = root.children().filter_map(|node| Some((node, kind(node).filter(|kind| kind.has_fields())?)));
    structs.map(|(node, kind)| Ok(Struct { kind, name: text(node, "name"), fields: fields(node, "field")? })).collect()
}

fn fields(node: Node<'_, '_>, tag: &str) -> Result<Vec<Field>, String> {
    children(node, tag).map(field).collect()
}

fn field(node: Node<'_, '_>) -> Result<Field, String> {
    Ok(Field {
        id: number(node, "field-id")?,
        name: text(node, "name"),
        optional: node.attribute("required") == Some("optional"),
        has_default: children(node, "default").next().is_some(),
        type_: type_of(node)?,
        annotations: annotations(node),
    })
}

fn service(node: Node<'_, '_>) -> Result<Service, String> {
    let parent = node.attribute("parent-id").map(|parent| format!("{}.{parent}", text(node, "parent-module")));
    let methods = children(node, "method").map(method).collect::<Result<_, _>>()?;
    Ok(Service { name: text(node, "name"), doc: doc(node), parent, methods })
}

fn method(node: Node<'_, '_>) -> Result<Method, String> {
    let answer = children(node, "returns").find(|answer| answer.attribute("type") != Some("void"));
    Ok(Method {
        name: text(node, "name"),
        doc: doc(node),
        oneway: node.attribute("oneway") == Some("true"),
        answer: answer.map(type_of).transpose()?,
        arguments: fields(node, "arg")?,
        throws: fields(node, "throws")?,
        annotations: annotations(node),
    })
}

/// Keys and values.
fn annotations(node: Node<'_, '_>) -> Vec<(String, String)> {
    children(node, "annotation").map(|node| (text(node, "key"), text(node, "value"))).collect()
}

fn kind(node: Node<'_, '_>) -> Option<Kind> {
    Some(match node.tag_name().name() {
        "const" => Kind::Const,
        "typedef" => Kind::Typedef,
        "enum" => Kind::Enum,
        "member" => Kind::Value,
        "struct" => Kind::Struct,
        "union" => Kind::Union,
        "exception" => Kind::Exception,
        "field" => Kind::Field,
        "service" => Kind::Service,
        "method" => Kind::Method,
        _ => return None,
    })
}

/// Those of methods and fields are read with them.
fn annotations_of_others(root: Node<'_, '_>) -> Vec<(Declaration, String)> {
    let annotations = root.descendants().filter(|node| node.tag_name().name() == "annotation");
    let annotated = annotations.filter_map(|node| Some((node.parent()?, text(node, "key"))));
    let of_others = annotated.filter(|(parent, _)| !matches!(kind(*parent), Some(Kind::Method | Kind::Field)));
    of_others.filter_map(|(parent, key)| Some((declaration(parent)?, key))).collect()
}

/// The declaration that an element is, or that it is a part of (an argument is a part of its method).
fn declaration(node: Node<'_, '_>) -> Option<Declaration> {
    let outer = node.parent()?;
    let name = text(node, "name");
    match (kind(node), kind(outer)) {
        (Some(kind), Some(_)) => Some(Declaration::within(kind, &name, &text(outer, "name"))),
        (Some(kind), None) => Some(Declaration::new(kind, &name)),
        (None, _) => declaration(outer),
    }
}
