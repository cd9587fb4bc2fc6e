//! What of an address is a row's own.
//!
//! The tools write an address as module, type, name and key, and a plan says all but the key a second time. But a plan can
//! lie: an address that is anything else is held as it stands there, so what comes out is always what went in.

use compact_str::CompactString;

use super::Mode;

/// How many parts an address has at most.
pub const PARTS: usize = 7;

/// What of an address is not said by the row's module, mode, type and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Own {
    /// What stands behind them, mostly the key of an instance: nearly always so short that it is held in place.
    Behind(CompactString),
    /// All of it.
    Whole(Box<str>),
}

impl Own {
    /// Takes off what the others say, if `address` begins with exactly that.
    pub fn of(address: &str, module: &str, mode: Mode, type_name: &str, name: &str) -> Self {
        let before = written(module, mode, type_name, name, "");
        let behind = before
            .iter()
            .try_fold(address, |rest, part| rest.strip_prefix(part));
        behind.map_or_else(
            || Own::Whole(address.into()),
            |behind| Own::Behind(behind.into()),
        )
    }

    /// The address in parts; some are empty.
    pub fn parts<'a>(
        &'a self,
        module: &'a str,
        mode: Mode,
        type_name: &'a str,
        name: &'a str,
    ) -> [&'a str; PARTS] {
        match self {
            Own::Behind(behind) => written(module, mode, type_name, name, behind),
            Own::Whole(whole) => [whole, "", "", "", "", "", ""],
        }
    }
}

/// An address as the tools write it.
fn written<'a>(
    module: &'a str,
    mode: Mode,
    type_name: &'a str,
    name: &'a str,
    behind: &'a str,
) -> [&'a str; PARTS] {
    let dot = if module.is_empty() { "" } else { "." };
    let mode = match mode {
        Mode::Data => "data.",
        Mode::Ephemeral => "ephemeral.",
        Mode::Managed | Mode::None => "",
    };
    [module, dot, mode, type_name, ".", name, behind]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_is_held_of_an_address_as_the_tools_write_it() {
        for (address, module, mode, behind) in [
            ("aws_x.y", "", Mode::Managed, ""),
            (
                r#"module.a["b.c"].aws_x.y[12]"#,
                r#"module.a["b.c"]"#,
                Mode::Managed,
                "[12]",
            ),
            (
                r#"module.m.data.aws_x.y["k"]"#,
                "module.m",
                Mode::Data,
                r#"["k"]"#,
            ),
            ("ephemeral.aws_x.y", "", Mode::Ephemeral, ""),
        ] {
            let own = Own::of(address, module, mode, "aws_x", "y");
            assert_eq!(own, Own::Behind(behind.into()), "{address}");
        }
        assert_eq!(size_of::<Own>(), size_of::<CompactString>());
    }

    #[test]
    fn an_address_that_lies_is_held_as_it_is() {
        for (address, module, mode) in [
            ("aws_x.y", "module.a", Mode::Managed),
            ("module.a.aws_x.y", "", Mode::Managed),
            ("module.b.aws_x.y", "module.a", Mode::Managed),
            ("aws_x.y", "", Mode::Data),
            (".aws_x.y", "", Mode::None),
            ("aws_x", "", Mode::Managed),
            ("", "", Mode::None),
        ] {
            let own = Own::of(address, module, mode, "aws_x", "y");
            assert_eq!(own, Own::Whole(address.into()), "{address}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_comes_out_is_what_went_in(
            address in "(module\\.)?[ab]?\\.?(data\\.)?(a|b)?\\.?[ab]{0,2}(\\[.*)?",
            module in "(module\\.)?[ab]?\\.?",
            mode in proptest::sample::select(vec![Mode::Managed, Mode::Data, Mode::Ephemeral, Mode::None]),
            type_name in "[ab.]?",
            name in "[ab.]?",
        ) {
            let own = Own::of(&address, &module, mode, &type_name, &name);
            assert_eq!(own.parts(&module, mode, &type_name, &name).concat(), address);
        }
    }
}
