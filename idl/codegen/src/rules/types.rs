//! Types: what is declared, and what stands for what.

use super::Fault;
use crate::declaration::{Declaration, Kind};
use crate::idl::{Enum, File, Idl, Type};

pub(super) fn check(idl: &Idl) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in &idl.files {
        faults.extend(unions(file));
        faults.extend(file.enums.iter().filter_map(|found| without_unspecified(file, found)));
        faults.extend(containers(file, Kind::Const, &file.consts));
        faults.extend(containers(file, Kind::Typedef, &file.typedefs));
        faults.extend(parents(file));
    }
    faults
}

fn unions(file: &File) -> impl Iterator<Item = Fault> {
    let unions = file.structs.iter().filter(|found| found.kind == Kind::Union);
    unions.map(|found| {
        let rule = "there are no unions, since Rust panics on one with an unknown field";
        Fault::new(file, &found.declaration(), rule, "make it a struct of which one field is set")
    })
}

fn without_unspecified(file: &File, found: &Enum) -> Option<Fault> {
    let is_there = found.values.iter().any(|(name, value)| *value == 0 && name.ends_with("_UNSPECIFIED"));
    let declaration = Declaration::new(Kind::Enum, &found.name);
    let rule = "value 0 of an enum ends in _UNSPECIFIED, since an absent enum reads as 0 in some languages";
    (!is_there).then(|| Fault::new(file, &declaration, rule, "add one and number the others from 1"))
}

fn containers(file: &File, kind: Kind, names: &[(String, Type)]) -> impl Iterator<Item = Fault> {
    let containers = names.iter().filter(|(_, type_)| type_.is_container());
    containers.map(move |(name, _)| {
        let rule = format!("no {} is a container", kind.word());
        let remedy =
            if kind == Kind::Const { "let a method answer it" } else { "write the container where it is used" };
        Fault::new(file, &Declaration::new(kind, name), &rule, remedy)
    })
}

fn parents(file: &File) -> impl Iterator<Item = Fault> {
    let children = file.services.iter().filter_map(|service| Some((service, service.parent.as_ref()?)));
    children.map(|(service, parent)| {
        let declaration = Declaration::new(Kind::Service, &service.name);
        let rule = "a service extends no other, since a method belongs to one service";
        Fault::new(file, &declaration, rule, &format!("remove \"extends {parent}\": a server serves both"))
    })
}
