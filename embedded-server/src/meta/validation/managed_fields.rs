//! The record of who manages which field.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;

use crate::meta::field::{Error, Errors, Path};

const MANAGER_MAX_BYTES: usize = 128;
const SUBRESOURCE_MAX_BYTES: usize = 256;

/// Returns every rule that the name of a field manager breaks: at most 128 bytes, all of them printable.
/// Empty stands for no name.
pub fn field_manager(manager: &str, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if manager.len() > MANAGER_MAX_BYTES {
        errors.push(Error::too_long(path, MANAGER_MAX_BYTES));
    }
    errors.extend(manager.char_indices().filter(|&(_, c)| !is_printable(c)).map(|(position, c)| {
        let detail = format!("invalid character U+{:04X} (at position {position})", u32::from(c));
        Error::invalid(path, manager, detail)
    }));
    errors
}

/// Returns the field manager that a user agent stands for where nobody names one: the program, which is all up
/// to the first `/`, as far as it makes a name.
pub fn manager_of_agent(agent: &str) -> String {
    let program = agent.split('/').next().unwrap_or_default();
    let mut name = String::new();
    for c in program.chars().filter(|&c| is_printable(c)) {
        if name.len() + c.len_utf8() > MANAGER_MAX_BYTES {
            break;
        }
        name.push(c);
    }
    name
}

/// Tells whether a character is a letter, mark, number, punctuation, symbol or the space, as Go's
/// `unicode.IsPrint` does. A mark is escaped only where no character stands before it.
fn is_printable(c: char) -> bool {
    let escaped: String = ['a', c].iter().collect::<String>().escape_debug().skip(1).collect();
    !(escaped.starts_with("\\u") || ["\\0", "\\t", "\\n", "\\r"].contains(&escaped.as_str()))
}

/// Returns every rule that the entries of `managedFields` break.
pub(super) fn managed_fields(entries: &[ManagedFieldsEntry], path: &Path) -> Errors {
    entries.iter().enumerate().flat_map(|(index, of)| entry(of, &path.index(index))).collect()
}

fn entry(entry: &ManagedFieldsEntry, path: &Path) -> Errors {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let (operation, fields_type) = (text(&entry.operation), text(&entry.fields_type));
    let mut errors = Errors::new();
    if !["Apply", "Update"].contains(&operation.as_str()) {
        errors.push(Error::invalid(&path.child("operation"), operation, "must be `Apply` or `Update`"));
    }
    if !["", "FieldsV1"].contains(&fields_type.as_str()) {
        errors.push(Error::invalid(&path.child("fieldsType"), fields_type, "must be `FieldsV1`"));
    }
    errors.extend(field_manager(&text(&entry.manager), &path.child("manager")));
    if text(&entry.subresource).len() > SUBRESOURCE_MAX_BYTES {
        errors.push(Error::too_long(&path.child("subresource"), SUBRESOURCE_MAX_BYTES));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(errors: &Errors) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn field_managers_are_short_and_printable() {
        let path = Path::new("fieldManager");
        for manager in ["", "kubectl", "kubectl-client-side-apply", "a b", "naïve", "e\u{301}", "'\"\\", "界"]
        {
            assert_eq!(field_manager(manager, &path), Errors::new(), "{manager}");
        }
        assert_eq!(
            texts(&field_manager("a\tb\u{200b}", &path)),
            [
                "fieldManager: Invalid value: \"a\\tb\u{200b}\": invalid character U+0009 (at position 1)",
                "fieldManager: Invalid value: \"a\\tb\u{200b}\": invalid character U+200B (at position 3)",
            ]
        );
        assert_eq!(
            texts(&field_manager(&"m".repeat(129), &path)),
            ["fieldManager: Too long: may not be more than 128 bytes"]
        );
    }

    #[test]
    fn a_program_is_the_manager_of_what_it_writes() {
        for (agent, manager) in [
            ("kubectl/v1.36.0 (linux/amd64)", "kubectl"),
            ("my\ttool", "mytool"),
            ("/1.0", ""),
            ("", ""),
            (&"m".repeat(200), &"m".repeat(128)),
            (&"é".repeat(100), &"é".repeat(64)),
        ] {
            assert_eq!(manager_of_agent(agent), manager);
        }
    }

    #[test]
    fn every_fault_of_an_entry_is_named() {
        let good = ManagedFieldsEntry {
            operation: Some("Apply".to_owned()),
            fields_type: Some("FieldsV1".to_owned()),
            ..ManagedFieldsEntry::default()
        };
        let bad = ManagedFieldsEntry {
            operation: Some("Patch".to_owned()),
            fields_type: Some("FieldsV2".to_owned()),
            manager: Some("m".repeat(129)),
            subresource: Some("s".repeat(257)),
            ..ManagedFieldsEntry::default()
        };
        assert_eq!(
            texts(&managed_fields(&[good, bad], &Path::new("managedFields"))),
            [
                "managedFields[1].operation: Invalid value: \"Patch\": must be `Apply` or `Update`",
                "managedFields[1].fieldsType: Invalid value: \"FieldsV2\": must be `FieldsV1`",
                "managedFields[1].manager: Too long: may not be more than 128 bytes",
                "managedFields[1].subresource: Too long: may not be more than 256 bytes",
            ]
        );
    }
}
