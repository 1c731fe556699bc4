//! The namespaces of a file, and that there is something to generate.

use super::Fault;
use crate::declaration::{Declaration, Kind};
use crate::idl::{File, Idl};

pub(super) fn check(idl: &Idl) -> Vec<Fault> {
    let mut faults = Vec::from_iter(without_methods(idl));
    for file in &idl.files {
        faults.extend(missing(file));
        faults.extend(of_all_languages(file));
        faults.extend(rust_of_its_own(idl, file));
        faults.extend(python_of_another(idl, file));
    }
    faults
}

fn without_methods(idl: &Idl) -> Option<Fault> {
    let first = idl.files.first().filter(|_| idl.methods().next().is_none())?;
    let declaration = Declaration::new(Kind::File, &first.name);
    Some(Fault::new(first, &declaration, "an IDL has at least one method", "declare a service"))
}

fn missing(file: &File) -> impl Iterator<Item = Fault> {
    let scopes = ["rs", "py", "java", "go"].into_iter().filter(|scope| file.namespace(scope).is_none());
    scopes.map(|scope| {
        let rule = "a file has a namespace for each of rs, py, java and go";
        let remedy = format!("add \"namespace {scope} ...\"");
        Fault::new(file, &Declaration::new(Kind::File, &file.name), rule, &remedy)
    })
}

fn of_all_languages(file: &File) -> Option<Fault> {
    let rule = "a namespace is of one language, since no name suits all of them";
    file.namespace("*").map(|_| fault(file, "*", rule, "write a line for each language"))
}

/// The Apache compiler writes an include as `crate::<namespace of the including file>::<included file>`.
fn rust_of_its_own(idl: &Idl, file: &File) -> Option<Fault> {
    let (first, namespace) = (idl.files.first()?, file.namespace("rs")?);
    let expected = first.namespace("rs").filter(|expected| *expected != namespace)?;
    let rule = "namespace rs is the same in every file, since each file is a module of it";
    Some(fault(file, "rs", rule, &format!("write {expected:?} as {} does", first.path)))
}

fn python_of_another(idl: &Idl, file: &File) -> Option<Fault> {
    let namespace = file.namespace("py")?;
    let mut before = idl.files.iter().take_while(|other| other.name != file.name);
    let other = before.find(|other| other.namespace("py") == Some(namespace))?;
    let rule = "namespace py is another in every file, or one file's ttypes.py overwrites the other's";
    Some(fault(file, "py", rule, &format!("choose another than {}", other.path)))
}

fn fault(file: &File, scope: &str, rule: &str, remedy: &str) -> Fault {
    Fault::new(file, &Declaration::new(Kind::Namespace, scope), rule, remedy)
}
