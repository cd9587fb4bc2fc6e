//! An address in few columns: what tells it from its neighbours stays, what they share goes.
//!
//! Twenty rules of twenty modules differ in a module's key and nowhere else, so neither the beginning nor the end of an
//! address can simply be cut.

use std::borrow::Cow;

use super::width::{split, tail, width};

/// Which parts give room, one after the other, and how many columns they keep.
const TURNS: [(Sort, usize); 5] = [
    (Sort::Word, 10),
    (Sort::Key, 18),
    (Sort::Word, 4),
    (Sort::Key, 9),
    (Sort::Name, 4),
];

/// One word of an address, or the key behind it.
struct Part<'a> {
    text: &'a str,
    /// What stands in front of it.
    dot: bool,
    sort: Sort,
    /// The columns it gets.
    columns: usize,
}

/// What a part is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// The name of a module, or a type.
    Word,
    /// What stands in brackets.
    Key,
    /// The name of the resource.
    Name,
}

/// The address in at most `room` columns; `dots` stand for what is left out. It must be visible already.
///
/// The end alone is what reads best: it will do where it is not the end of an address `beside` it too.
pub fn fit<'a>(address: &'a str, room: usize, dots: &str, beside: &[&str]) -> Cow<'a, str> {
    if width(address) <= room {
        return Cow::Borrowed(address);
    }
    let end = tail(address, room.saturating_sub(width(dots)));
    let left_out = &address[..address.len() - end.len()];
    // The rest of the word `module` says nothing.
    let word = left_out.rsplit('.').next().unwrap_or("");
    let end = match end.split_once('.') {
        Some((cut, rest)) if word.len() + cut.len() == 6 && "module".starts_with(word) => rest,
        _ => end,
    };
    let in_a_key = left_out.matches('[').count() > left_out.matches(']').count();
    let shared = beside
        .iter()
        .any(|other| *other != address && other.ends_with(end));
    if in_a_key || shared {
        squeezed(address, room, dots)
    } else {
        format!("{dots}{end}").into()
    }
}

/// The address with every part of it shortened.
fn squeezed<'a>(address: &'a str, room: usize, dots: &str) -> Cow<'a, str> {
    let all = parts(address);
    // The word `module` says nothing that its place does not say.
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut rest = all.into_iter().peekable();
    while let Some(part) = rest.next() {
        if part.text != "module" || rest.peek().is_none() {
            parts.push(part);
        }
    }
    if let Some(first) = parts.first_mut() {
        first.dot = false;
    }
    let dropped = !address.starts_with(parts.first().map_or("", |part| part.text));
    let fixed =
        parts.iter().filter(|part| part.dot).count() + if dropped { width(dots) } else { 0 };
    let room_for_parts = room.saturating_sub(fixed);
    for (sort, least) in TURNS {
        while parts.iter().map(|part| part.columns).sum::<usize>() > room_for_parts {
            let longest = parts
                .iter_mut()
                .filter(|part| part.sort == sort && part.columns > least)
                .max_by_key(|part| part.columns);
            let Some(longest) = longest else { break };
            longest.columns -= 1;
        }
    }
    let mut out = String::new();
    for (i, part) in parts.iter().enumerate() {
        if part.dot {
            out.push('.');
        }
        if part.columns == width(part.text) {
            if i == 0 && dropped {
                out.push_str(dots);
            }
            out.push_str(part.text);
        } else {
            out.push_str(&shortened(part, dots));
        }
    }
    if width(&out) > room {
        let end = tail(address, room.saturating_sub(width(dots)));
        out = format!("{dots}{end}");
    }
    Cow::Owned(out)
}

fn shortened(part: &Part<'_>, dots: &str) -> String {
    let room = part.columns.saturating_sub(width(dots));
    match part.sort {
        // Both ends of a key are worth as much.
        Sort::Key => {
            let end = room / 2;
            let head = split(part.text, room - end).0;
            format!("{head}{dots}{}", tail(part.text, end))
        }
        // Words of a kind begin alike: `aws_`, `terraform_`.
        Sort::Word | Sort::Name => format!("{dots}{}", tail(part.text, room)),
    }
}

/// The words of an address and their keys. A dot within brackets parts nothing.
fn parts(address: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut dot = false;
    let (mut inside, mut quoted, mut escaped) = (false, false, false);
    let take = |from: usize, to: usize, dot: bool, sort: Sort| Part {
        text: &address[from..to],
        dot,
        sort,
        columns: width(&address[from..to]),
    };
    for (at, c) in address.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if inside => quoted = !quoted,
            '[' if !inside => {
                if at > start {
                    parts.push(take(start, at, dot, Sort::Word));
                    dot = false;
                }
                (inside, start) = (true, at);
            }
            ']' if inside && !quoted => {
                parts.push(take(start, at + 1, dot, Sort::Key));
                (inside, start, dot) = (false, at + 1, false);
            }
            '.' if !inside => {
                if at > start {
                    parts.push(take(start, at, dot, Sort::Word));
                }
                (start, dot) = (at + 1, true);
            }
            _ => {}
        }
    }
    if start < address.len() {
        parts.push(take(start, address.len(), dot, Sort::Word));
    }
    if let Some(name) = parts.iter_mut().rev().find(|part| part.sort == Sort::Word) {
        name.sort = Sort::Name;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_neighbours_apart_stays() {
        for (address, room, expected) in [
            (
                "module.repo[\"ai\"].github_branch_protection.main[0]",
                44,
                "…repo[\"ai\"].github_branch_protection.main[0]",
            ),
            (
                "module.lambda_sg_serverlessTesting[20].module.sg.aws_security_group_rule.ingress_rules[1]",
                44,
                "…sTesting[20].sg.…oup_rule.ingress_rules[1]",
            ),
            (
                "module.repo[\"template-ecr-container-image\"].github_repository.repo[0]",
                40,
                "…repo[\"templat…-image\"].…ository.repo[0]",
            ),
            ("a.b[\"x.y]\\\".zz\"].c", 15, "a.b[\"x.y…zz\"].c"),
        ] {
            let shown = squeezed(address, room, "…");
            assert!(width(&shown) <= room, "{shown}");
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn the_end_alone_will_do_where_nothing_beside_it_ends_alike() {
        let (one, other) = ("module.a[1].aws_x.name", "module.a[2].aws_x.name");
        assert_eq!(fit(one, 30, "…", &[other]), one);
        assert_eq!(
            fit(one, 12, "…", &["module.a[1].aws_x.other"]),
            "….aws_x.name"
        );
        assert_eq!(fit(one, 18, "…", &[one, other]), "…a[1].aws_x.name");
    }

    proptest::proptest! {
        #[test]
        fn no_address_is_wider_than_its_room(address in "(module\\.)?[a-z日_]{0,30}(\\[\"[a-z.\\]é]{0,30}\"\\])?(\\.[a-z_]{1,20}){0,3}(\\[[0-9]{1,4}\\])?.{0,8}", room in 0usize..60) {
            let address = crate::text::visible(&address).into_owned();
            for dots in ["…", ".."] {
                let shown = fit(&address, room, dots, &[]);
                proptest::prop_assert!(width(&shown) <= room.max(width(dots)), "{shown}");
                let shown = fit(&address, room, dots, &[&format!("x{address}")]);
                proptest::prop_assert!(width(&shown) <= room.max(width(dots)), "{shown}");
            }
        }
    }
}
