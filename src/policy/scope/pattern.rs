//! Patterns of addresses and attributes, matched part by part: a key of an instance can hold anything, also something
//! that looks like the rest of an address.

use crate::plan::address::{self, Address};

/// A pattern: `module.web.aws_instance.app[*]`, `**.aws_iam_*.*`, `data.aws_ami.*`.
///
/// `*` stands for any text within a name, or for any key between brackets. `**` stands for any modules on the way, and
/// for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// As it is written.
    pub text: String,
    /// Modules that the address begins with.
    head: String,
    /// Whether other modules may follow.
    any: bool,
    /// The rest of the address.
    tail: String,
}

/// How a name without a key is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// It is the one object without a key: what is allowed is said exactly.
    Exact,
    /// It is every instance: what is denied is denied in all of them.
    Any,
}

impl Pattern {
    /// Reads a pattern; `None` if it is none.
    pub fn read(text: &str) -> Option<Self> {
        let (head, any, tail) = match text.split_once("**.") {
            Some((head, tail)) => (head.strip_suffix('.').unwrap_or(head), true, tail),
            None => ("", false, text),
        };
        let tail_names_a_resource =
            address::split(tail).is_some_and(|tail| !tail.type_name.is_empty());
        let head_is_modules =
            head.is_empty() || address::split(head).is_some_and(|head| head.type_name.is_empty());
        let well_cut = !any || text.starts_with("**.") || text.contains(".**.");
        (tail_names_a_resource && head_is_modules && well_cut && !tail.contains("**")).then(|| {
            Pattern {
                text: text.to_owned(),
                head: head.to_owned(),
                any,
                tail: tail.to_owned(),
            }
        })
    }

    /// Whether it fits an address. What cannot be taken apart fits nothing.
    pub fn fits(&self, address: &str, keys: Keys) -> bool {
        let (Some(own), Some(tail)) = (address::split(address), address::split(&self.tail)) else {
            return false;
        };
        let head = address::split(&self.head).unwrap_or_default();
        let resource = own.mode == tail.mode
            && glob(tail.type_name, own.type_name)
            && glob(tail.name, own.name)
            && key(tail.key, own.key, keys);
        resource && self.fits_modules(&own, &head, &tail, keys)
    }

    fn fits_modules(
        &self,
        own: &Address<'_>,
        head: &Address<'_>,
        tail: &Address<'_>,
        keys: Keys,
    ) -> bool {
        let wanted = head.modules.len() + tail.modules.len();
        let enough = if self.any {
            own.modules.len() >= wanted
        } else {
            own.modules.len() == wanted
        };
        if !enough {
            return false;
        }
        let fits = |pattern: &[(&str, Option<&str>)], own: &[(&str, Option<&str>)]| {
            pattern
                .iter()
                .zip(own)
                .all(|(pattern, own)| glob(pattern.0, own.0) && key(pattern.1, own.1, keys))
        };
        let last = own.modules.len() - tail.modules.len();
        fits(&head.modules, &own.modules) && fits(&tail.modules, &own.modules[last..])
    }
}

fn key(pattern: Option<&str>, own: Option<&str>, keys: Keys) -> bool {
    match (pattern, own) {
        (None, None) | (Some("*"), Some(_)) => true,
        (None, Some(_)) | (Some("*"), None) => keys == Keys::Any,
        (Some(pattern), own) => own == Some(pattern),
    }
}

/// Whether a name fits a pattern in which `*` stands for any text.
fn glob(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = rest.split('*').collect();
    let (last, middle) = parts.split_last().expect("a split has a part");
    for part in middle {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(last)
}

/// Whether the path of an attribute fits a pattern: `tags.**` is all below `tags` and `tags` itself.
pub(super) fn attribute(pattern: &str, path: &[String]) -> bool {
    let parts: Vec<&str> = pattern.split('.').collect();
    let (parts, below) = match parts.split_last() {
        Some((&"**", parts)) => (parts, true),
        _ => (&parts[..], false),
    };
    (path.len() == parts.len() || (below && path.len() > parts.len()))
        && parts.iter().zip(path).all(|(part, own)| glob(part, own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_part_by_part() {
        for (pattern, address, exact, any) in [
            (
                "aws_route53_record.web",
                "aws_route53_record.web",
                true,
                true,
            ),
            (
                "aws_route53_record.web",
                "aws_route53_record.web[0]",
                false,
                true,
            ),
            (
                "aws_route53_record.web",
                "aws_route53_record.web2",
                false,
                false,
            ),
            (
                "aws_route53_record.web",
                "module.a.aws_route53_record.web",
                false,
                false,
            ),
            (
                "aws_route53_record.web",
                "data.aws_route53_record.web",
                false,
                false,
            ),
            ("data.aws_ami.*", "data.aws_ami.this", true, true),
            ("data.aws_ami.*", "aws_ami.this", false, false),
            (
                "module.web.aws_instance.app[*]",
                "module.web.aws_instance.app[7]",
                true,
                true,
            ),
            (
                "module.web.aws_instance.app[*]",
                r#"module.web.aws_instance.app["a.b"]"#,
                true,
                true,
            ),
            (
                "module.web.aws_instance.app[*]",
                "module.web.aws_instance.app",
                false,
                true,
            ),
            (
                "module.web.aws_instance.app[*]",
                "module.web[0].aws_instance.app[7]",
                false,
                true,
            ),
            (
                "module.web[*].aws_instance.app[1]",
                "module.web[0].aws_instance.app[1]",
                true,
                true,
            ),
            (
                "module.web[*].aws_instance.app[1]",
                "module.web[0].aws_instance.app[10]",
                false,
                false,
            ),
            (r#"a_b.c["x"]"#, r#"a_b.c["x"]"#, true, true),
            (r#"a_b.c["x"]"#, "a_b.c[x]", false, false),
            ("**.aws_db_instance.*", "aws_db_instance.main", true, true),
            (
                "**.aws_db_instance.*",
                "aws_db_instance.main[0]",
                false,
                true,
            ),
            (
                "**.aws_db_instance.*",
                "module.a.module.b.aws_db_instance.main",
                true,
                true,
            ),
            (
                "**.aws_db_instance.*",
                r#"module.a["k"].aws_db_instance.main"#,
                true,
                true,
            ),
            (
                "**.aws_iam_*.*",
                "module.a.aws_iam_role_policy.x",
                true,
                true,
            ),
            (
                "**.aws_iam_*.*",
                "module.a.aws_s3_bucket.aws_iam_x",
                false,
                false,
            ),
            (
                "module.a.**.aws_vpc.*",
                "module.a.module.b.aws_vpc.x",
                true,
                true,
            ),
            ("module.a.**.aws_vpc.*", "module.a.aws_vpc.x", true, true),
            (
                "module.a.**.aws_vpc.*",
                "module.b.module.a.aws_vpc.x",
                false,
                false,
            ),
            (
                "**.module.z.aws_vpc.*",
                "module.a.module.z.aws_vpc.x",
                true,
                true,
            ),
            (
                "**.module.z.aws_vpc.*",
                "module.z.module.a.aws_vpc.x",
                false,
                false,
            ),
            // The key of an instance looks like the address that is allowed.
            (
                "**.aws_vpc.*",
                r#"aws_subnet.x["].aws_vpc.y"]"#,
                false,
                false,
            ),
            ("a*c.*d*", "abc.xdy", true, true),
            ("a*c.*d*", "abd.xdy", false, false),
            ("aws_vpc.*", "not an address", false, false),
        ] {
            let read = Pattern::read(pattern).unwrap_or_else(|| panic!("{pattern}"));
            assert_eq!(
                read.fits(address, Keys::Exact),
                exact,
                "{pattern} {address}"
            );
            assert_eq!(
                read.fits(address, Keys::Any),
                any,
                "{pattern} {address}, any key"
            );
        }
    }

    #[test]
    fn what_names_no_resource_is_no_pattern() {
        for text in [
            "",
            "*",
            "**",
            "**.",
            "module.a",
            "a.b.c",
            "x**.a.b",
            "a.**",
            "**.**.a.b",
            "aws_vpc.x[",
            "aws_vpc.a.**.b.c",
        ] {
            assert_eq!(Pattern::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_pattern_of_attributes_is_exact_but_for_its_stars() {
        let path = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
        for (pattern, changed, fits) in [
            ("instance_type", "instance_type", true),
            ("instance_type", "instance_type.0", false),
            ("tags.**", "tags.Name", true),
            ("tags.**", "tags", true),
            ("tags.**", "tags_all.Name", false),
            ("rule.*.port", "rule.3.port", true),
            ("rule.*.port", "rule.3.cidr", false),
        ] {
            assert_eq!(
                attribute(pattern, &path(changed)),
                fits,
                "{pattern} {changed}"
            );
        }
    }
}
