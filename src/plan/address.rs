//! Addresses: where they come apart.
//!
//! A key between brackets may hold anything, also `"].aws_db_instance.other["`: only a reader that knows quotes and
//! escapes can split an address.

/// An address in its parts. Keys are the text between the brackets, as it stands there, quotes included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address<'a> {
    /// The modules on the way, outermost first: name and key.
    pub modules: Vec<(&'a str, Option<&'a str>)>,
    /// `data` or `ephemeral`, where the address says so.
    pub mode: Option<&'a str>,
    /// Resource type; empty if the address is of a module.
    pub type_name: &'a str,
    /// The resource's own name; empty if the address is of a module.
    pub name: &'a str,
    /// Key of the instance.
    pub key: Option<&'a str>,
}

/// Splits an address. `None`: it is no address of a module or a resource.
pub fn split(address: &str) -> Option<Address<'_>> {
    let mut parts = parts(address)?.into_iter().peekable();
    let mut found = Address::default();
    while parts.next_if(|(name, _)| *name == "module").is_some() {
        found.modules.push(parts.next()?);
    }
    found.mode = parts
        .next_if(|(name, _)| matches!(*name, "data" | "ephemeral" | "action"))
        .map(|(name, _)| name);
    if parts.peek().is_none() && found.mode.is_none() && !found.modules.is_empty() {
        return Some(found);
    }
    let (type_name, no_key) = parts.next()?;
    let (name, key) = parts.next()?;
    if no_key.is_some() || parts.next().is_some() {
        return None;
    }
    (found.type_name, found.name, found.key) = (type_name, name, key);
    Some(found)
}

/// The address without its instance keys: what the configuration calls the block. Unchanged if it cannot be split.
pub fn block(address: &str) -> String {
    parts(address).map_or_else(
        || address.to_owned(),
        |parts| {
            let names: Vec<&str> = parts.into_iter().map(|(name, _)| name).collect();
            names.join(".")
        },
    )
}

/// Names between dots, each with the key in brackets behind it.
fn parts(address: &str) -> Option<Vec<(&str, Option<&str>)>> {
    let mut found = Vec::new();
    let mut rest = address;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        if name.is_empty() {
            return None;
        }
        rest = behind;
        let mut key = None;
        if rest.starts_with('[') {
            let close = closing_bracket(rest)?;
            key = Some(&rest[1..close]);
            rest = &rest[close + 1..];
        }
        found.push((name, key));
        match rest.strip_prefix('.') {
            Some(behind) => rest = behind,
            None if rest.is_empty() => return Some(found),
            None => return None,
        }
    }
}

/// Where the bracket that opens `text` closes; brackets in quotes do not count.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_apart_at_its_own_dots_only() {
        let address =
            r#"module.a["x.y"].module.b[0].data.aws_ami.this["x\"].aws_db_instance.fake[\"y"]"#;
        let found = split(address).unwrap();
        assert_eq!(found.modules, [("a", Some(r#""x.y""#)), ("b", Some("0"))]);
        assert_eq!(found.mode, Some("data"));
        assert_eq!((found.type_name, found.name), ("aws_ami", "this"));
        assert_eq!(found.key, Some(r#""x\"].aws_db_instance.fake[\"y""#));
        assert_eq!(block(address), "module.a.module.b.data.aws_ami.this");
    }

    #[test]
    fn a_module_alone_and_an_unknown_key_are_addresses() {
        assert_eq!(split("module.a[0]").unwrap().modules, [("a", Some("0"))]);
        assert_eq!(split("aws_subnet.s[*]").unwrap().key, Some("*"));
        assert_eq!(split("ephemeral.vault.p").unwrap().mode, Some("ephemeral"));
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in [
            "", "a", "a.b.c", "a..b", "a.b[", "a.b[\"x]", "a[0].b", "module", "a.b[0]c",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
        assert_eq!(block("a.b[\"x"), "a.b[\"x");
    }
}
