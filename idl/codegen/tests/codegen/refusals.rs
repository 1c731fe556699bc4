//! One test for each rule: `fixtures/refused` breaks them all, and the report names the line of each.

use crate::{fixture, generate};
use std::fs;

/// A name for a test, the file, what only the broken line contains, the declaration, the rule.
macro_rules! refusals {
    ($($name:ident: $file:literal, $line:literal, $declaration:literal, $rule:literal;)*) => {
        $(
            #[test]
            fn $name() {
                assert_refused(stringify!($name), $file, $line, $declaration, $rule);
            }
        )*

        #[test]
        fn nothing_else_is_refused_and_nothing_is_written() {
            let rows = [$($file),*].len();
            let (output, out) = generate("refused", "refused.rs");
            let report = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1));
            assert!(report.ends_with(&format!("\n{rows} faults in the IDL; nothing was written\n")), "{report}");
            assert!(!out.exists());
        }
    };
}

fn assert_refused(test: &str, file: &str, line: &str, declaration: &str, rule: &str) {
    let path = fixture("refused").join(file);
    let text = fs::read_to_string(&path).unwrap();
    let places: Vec<_> = text.lines().enumerate().filter(|(_, text)| text.contains(line)).collect();
    let [(place, _)] = places[..] else { panic!("{line:?} is in {} lines of {file}", places.len()) };
    let number = place + 1;

    let (output, _) = generate("refused", &format!("{test}.rs"));

    let report = String::from_utf8(output.stderr).unwrap();
    let expected = format!("{}:{number}: {declaration}: {rule}", path.display());
    assert!(report.lines().any(|fault| fault.starts_with(&expected)), "{expected}\nis not in\n{report}");
}

refusals! {
    a_required_field: "fields.thrift", "1: required string needed",
        "field Fields.needed", "every field is optional";
    a_field_that_does_not_say_that_it_is_optional: "fields.thrift", "2: string neither",
        "field Fields.neither", "every field is optional";
    a_default: "fields.thrift", "3: optional i64 preset = 3",
        "field Fields.preset", "no field has a default";
    a_field_without_an_id: "fields.thrift", "optional string unnumbered",
        "field Fields.unnumbered", "every field has an id above 0";
    an_id_of_zero: "fields.thrift", "0: optional string zero",
        "field Fields.zero", "every field has an id above 0";
    a_double_as_key: "fields.thrift", "4: optional map<double, string> by_double",
        "field Fields.by_double", "a key of a map is text, a whole number, a bool or an enum";
    bytes_as_key_behind_a_typedef: "fields.thrift", "5: optional map<Bytes, string> by_bytes",
        "field Fields.by_bytes", "a key of a map is text, a whole number, a bool or an enum";
    a_struct_as_key_inside_a_list: "fields.thrift", "6: optional list<map<common.Response, string>> by_struct",
        "field Fields.by_struct", "a key of a map is text, a whole number, a bool or an enum";
    a_set_of_structs: "fields.thrift", "7: optional set<common.Response> structs",
        "field Fields.structs", "a set holds text, whole numbers, bools or enums";
    a_set_of_containers: "fields.thrift", "8: optional set<list<i64>> lists",
        "field Fields.lists", "a set holds text, whole numbers, bools or enums";
    a_type_of_another_folder: "fields.thrift", "9: optional greeter.GreetResponse elsewhere",
        "field Fields.elsewhere", "a type is declared in one of the IDL's files";
    a_field_of_an_exception_that_is_not_optional: "fields.thrift", "1: string message",
        "field Refused.message", "every field is optional";
    a_request_without_its_context: "methods.thrift", "struct Contextless {",
        "struct Contextless", "field 1 of a request is its context";
    a_request_whose_context_is_not_first_is_named_once: "methods.thrift", "struct LateContext {",
        "struct LateContext", "field 1 of a request is its context";
    a_method_without_a_request: "methods.thrift", "without_request(",
        "method Methods.without_request", "a method takes one request";
    two_arguments: "methods.thrift", "with_two(",
        "method Methods.with_two", "a method takes one request";
    a_number_as_request: "methods.thrift", "with_number(",
        "method Methods.with_number", "the argument of a method is \"1: <a struct> request\"";
    a_request_that_is_not_field_1: "methods.thrift", "with_field_two(",
        "method Methods.with_field_two", "the argument of a method is \"1: <a struct> request\"";
    a_request_of_another_name: "methods.thrift", "with_name(",
        "method Methods.with_name", "the argument of a method is \"1: <a struct> request\"";
    an_exception_as_request: "methods.thrift", "with_refusal(",
        "method Methods.with_refusal", "the argument of a method is \"1: <a struct> request\"";
    a_method_that_answers_nothing_and_is_not_oneway: "methods.thrift", "answering_nothing(",
        "method Methods.answering_nothing", "a method answers one struct";
    a_list_as_response: "methods.thrift", "answering_list(",
        "method Methods.answering_list", "a method answers one struct";
    a_oneway_method_that_answers: "methods.thrift", "answering_oneway(",
        "method Methods.answering_oneway", "a oneway method answers nothing";
    a_method_that_throws_nothing: "methods.thrift", "throwing_nothing(",
        "method Methods.throwing_nothing", "a method throws one exception, as field 1";
    two_exceptions: "methods.thrift", "throwing_two(",
        "method Methods.throwing_two", "a method throws one exception, as field 1";
    an_exception_that_is_not_field_1: "methods.thrift", "throwing_field_two(",
        "method Methods.throwing_field_two", "a method throws one exception, as field 1";
    a_method_of_the_same_name_in_another_service: "methods.thrift", "(role = \"reader\")",
        "method Others.said_twice", "method names are unique across services";
    an_unknown_role: "methods.thrift", "with_role(",
        "method Others.with_role", "a role is one that the server knows";
    an_idempotent_that_is_not_true: "methods.thrift", "perhaps_idempotent(",
        "method Others.perhaps_idempotent", "idempotent is \"true\" or absent";
    an_unknown_annotation_of_a_method: "methods.thrift", "with_price(",
        "method Others.with_price", "a method is annotated with idempotent, role, audit and hot only";
    a_service_that_extends_another: "methods.thrift", "service Child extends Others {",
        "service Child", "a service extends no other";
    a_file_in_camel_case: "mixedCase.thrift", "namespace rs wire",
        "file mixedCase", "file names are lower_snake";
    a_constant_in_lower_case: "names.thrift", "const i64 limit = 3",
        "const limit", "const names are UPPER_SNAKE";
    a_typedef_in_snake_case: "names.thrift", "typedef i64 row_count",
        "typedef row_count", "typedef names are UpperCamel";
    an_enum_in_lower_case: "names.thrift", "enum colour {",
        "enum colour", "enum names are UpperCamel";
    an_enum_value_in_camel_case: "names.thrift", "Red = 1",
        "value colour.Red", "value names are UPPER_SNAKE";
    a_struct_in_snake_case: "names.thrift", "struct snake_struct {",
        "struct snake_struct", "struct names are UpperCamel";
    a_field_in_camel_case: "names.thrift", "1: optional string camelField",
        "field snake_struct.camelField", "field names are lower_snake";
    a_field_with_a_trailing_underscore: "names.thrift", "2: optional string trailing_",
        "field snake_struct.trailing_", "field names are lower_snake";
    a_field_that_rust_cannot_name: "names.thrift", "3: optional string await",
        "field snake_struct.await", "a name is free in every language";
    a_field_that_hides_a_method_in_python: "names.thrift", "4: optional string read",
        "field snake_struct.read", "a name is free in every language";
    a_type_of_the_same_name_in_another_file: "names.thrift", "struct Response {",
        "struct Response", "type and service names are unique across files";
    a_type_that_generated_rust_names: "names.thrift", "struct Option {",
        "struct Option", "a name is free in every language";
    a_service_that_generated_rust_names: "names.thrift", "service Channel {",
        "service Channel", "a name is free in every language";
    a_method_in_camel_case: "names.thrift", "sayHello(",
        "method Channel.sayHello", "method names are lower_snake";
    a_method_that_rust_cannot_name: "names.thrift", "match(",
        "method Channel.match", "a name is free in every language";
    a_service_that_is_called_like_a_client: "names.thrift", "service GreeterClient {",
        "service GreeterClient", "a name is free in every language";
    a_file_without_a_namespace_of_a_language: "namespaces.thrift", "namespace * everything",
        "file namespaces", "a file has a namespace for each of rs, py, java and go";
    a_namespace_of_all_languages: "namespaces.thrift", "namespace * everything",
        "namespace *", "a namespace is of one language";
    a_rust_namespace_of_its_own: "namespaces.thrift", "namespace rs elsewhere",
        "namespace rs", "namespace rs is the same in every file";
    a_python_namespace_of_another_file: "namespaces.thrift", "namespace py refused.common",
        "namespace py", "namespace py is another in every file";
    a_file_that_is_called_like_a_module_of_ours: "services.thrift", "namespace rs wire",
        "file services", "a name is free in every language";
    a_constant_container: "types.thrift", "const list<i64> SIZES = [1, 2]",
        "const SIZES", "no const is a container";
    a_typedef_of_a_container: "types.thrift", "typedef map<string, i64> Counts",
        "typedef Counts", "no typedef is a container";
    a_union: "types.thrift", "union Either {",
        "union Either", "there are no unions";
    an_enum_without_a_zero: "types.thrift", "enum Colour {",
        "enum Colour", "value 0 of an enum ends in _UNSPECIFIED";
    an_enum_whose_zero_is_not_unspecified: "types.thrift", "enum Shade {",
        "enum Shade", "value 0 of an enum ends in _UNSPECIFIED";
    an_annotation_of_an_argument: "methods.thrift", "with_note(",
        "method Others.with_note", "nothing but a method or a field has annotations";
    an_annotation_of_a_struct: "types.thrift", "struct Annotated {",
        "struct Annotated", "nothing but a method or a field has annotations";
    an_annotation_of_a_field: "types.thrift", "1: optional string name (key = \"value\")",
        "field Annotated.name", "a field is annotated with resource only";
    a_resource_outside_of_a_request: "types.thrift", "2: optional string elsewhere",
        "field Annotated.elsewhere", "what a call is about stands in its request";
    a_resource_that_the_server_does_not_know: "methods.thrift", "2: optional string king",
        "field Naming.king", "a resource is one that the server knows";
    a_resource_of_another_type: "methods.thrift", "3: optional i64 numbered",
        "field Naming.numbered", "a resource has the type that names it";
    a_model_that_is_not_said_to_be_one: "methods.thrift", "4: optional string model",
        "field Naming.model", "a request, or an item of it, says which of its fields name a model or data set";
    a_model_of_an_item_that_is_not_said_to_be_one: "methods.thrift", "1: optional string dataset",
        "field Item.dataset", "a request, or an item of it, says which of its fields name a model or data set";
    a_method_without_a_role: "methods.thrift", "without_role(",
        "method Others.without_role", "a method says which role may call it";
    an_audit_that_is_neither_true_nor_false: "methods.thrift", "perhaps_audited(",
        "method Others.perhaps_audited", "audit is \"true\" or \"false\"";
    a_change_that_does_not_say_whether_it_is_audited: "methods.thrift", "with_nothing_decided(",
        "method Others.with_nothing_decided", "a method for trainers or admins, and no other, says";
    an_audit_of_what_changes_nothing: "methods.thrift", "audited_for_nothing(",
        "method Others.audited_for_nothing", "a method for trainers or admins, and no other, says";
    a_hot_that_is_not_true: "methods.thrift", "perhaps_hot(",
        "method Others.perhaps_hot", "hot is \"true\" or absent";
    a_hot_method_that_changes_something: "methods.thrift", "hot_change(",
        "method Others.hot_change", "a hot method changes nothing";
    a_hot_request_with_a_number_that_has_no_fast_reader: "methods.thrift", "2: optional double temperature",
        "field Warm.temperature", "what a hot method carries is made of bool, i32, i64, string, binary, enums, structs and lists";
    an_annotation_of_a_service: "types.thrift", "service Nothing {",
        "service Nothing", "nothing but a method or a field has annotations";
}
