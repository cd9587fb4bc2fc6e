//! Any keys, on any plan, at any size: nothing panics, nothing hidden is drawn, and no answer is lost or given by itself.

#![allow(clippy::unwrap_used, missing_docs, dead_code)]

mod support {
    pub mod describe;
    pub mod scene;
    pub mod screen;
}

use proptest::prelude::*;
use support::scene;
use support::screen::Screen;
use undersign::risk::Risk;
use undersign::text::is_hidden;
use undersign::ui::Msg;
use undersign::ui::dialog::{Field, Overlay};
use undersign::ui::key::Key;
use undersign::ui::keymap::Mode;

fn any_key() -> impl Strategy<Value = String> {
    let all: Vec<&str> = undersign::ui::keymap::KEYS
        .iter()
        .flat_map(|b| b.keys.iter().copied())
        .collect();
    prop_oneof![
        8 => prop::sample::select(all).prop_map(String::from),
        2 => any::<char>().prop_map(String::from),
        2 => prop::sample::select(vec!["primary", "open"]).prop_map(String::from),
        1 => Just("backspace".to_owned()),
        1 => Just("left".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_at_any_size_panic(
        keys in prop::collection::vec(any_key(), 0..60),
        sizes in prop::collection::vec((0_u16..200, 0_u16..80), 1..6),
    ) {
        let mut screen = Screen::incident(sizes[0].0, sizes[0].1);
        for (i, key) in keys.iter().enumerate() {
            if i % 8 == 7 {
                let (width, height) = sizes[i / 8 % sizes.len()];
                screen.send(Msg::Resize(width, height));
            }
            screen.send(Msg::Key(Key::named(key)));
            screen.send(Msg::Drawn);
            if i % 3 == 0 {
                screen.buffer();
            }
        }
        let buffer = screen.buffer();
        for cell in buffer.content() {
            prop_assert!(!cell.symbol().chars().any(is_hidden), "{:?}", cell.symbol());
        }
        // A terminal may also have another size than the one that was told last.
        screen.draw(sizes[0].1, sizes[0].0);
    }
}

/// Text that a plan may hold: plain, wide, hidden, long.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z_]{1,12}",
        2 => "[a-z]{1,6}[\u{1b}\u{7}\u{202e}\u{200b}\u{9b}日👩é\n\r\t]{1,4}[a-z]{0,30}",
        1 => any::<String>().prop_map(|text| text.chars().take(40).collect()),
    ]
}

/// A row with its element, as the reader would send it.
fn any_row() -> impl Strategy<Value = (undersign::risk::Judged, String)> {
    use undersign::plan::action::Action;
    use undersign::plan::effect::{Effect, Kind, Span};
    use undersign::risk::{Finding, Judged};
    let actions = vec![
        Action::Create,
        Action::Update,
        Action::Delete,
        Action::DeleteCreate,
        Action::NoOp,
    ];
    let risks = vec![Risk::Critical, Risk::High, Risk::Medium, Risk::Low];
    let rules = vec!["delete-stateful", "protection-weakened", "iam-widened"];
    (
        (any_text(), any_text(), 0..4_u8, any::<bool>()),
        prop::sample::select(actions),
        prop::sample::select(risks),
        prop::sample::select(rules),
        prop::collection::btree_map(any_text(), (any_text(), any_text(), any::<bool>()), 0..5),
    )
        .prop_map(
            |((name, message, module, policy), action, risk, rule, values)| {
                let address = format!("module.m{module}.aws_x.{name}");
                let mut effect = Effect::bare(Kind::Change, address, action, Span::default());
                effect.module = format!("module.m{module}").into();
                effect.name = name.into();
                let mut finding = Finding::new(rule, risk, "");
                finding.message = message.into();
                finding.path = values.keys().next().map(|key| key.as_str().into());
                let findings = if risk == Risk::Low {
                    Vec::new()
                } else {
                    vec![finding]
                };
                let object = |side: usize| -> serde_json::Map<_, _> {
                    values
                        .iter()
                        .map(|(key, (old, new, json))| {
                            let text = [old, new][side];
                            let text = if *json {
                                serde_json::json!([{ "a": text, "b": 1 }]).to_string()
                            } else {
                                text.clone()
                            };
                            (key.clone(), serde_json::Value::String(text))
                        })
                        .collect()
                };
                let secret: serde_json::Map<_, _> = values
                    .keys()
                    .take(1)
                    .map(|key| (key.clone(), policy.into()))
                    .collect();
                let item = serde_json::json!({"change": {"before": object(0), "after": object(1),
                "after_unknown": {}, "before_sensitive": secret, "after_sensitive": {}}});
                (Judged::new(effect, findings), item.to_string())
            },
        )
}

/// The keys that open a dialog, and those that answer the one that is open.
fn answer(screen: &Screen) -> Vec<String> {
    let typed = |text: &str| -> Vec<String> {
        let name = |c: char| {
            if c == ' ' {
                "space".into()
            } else {
                c.to_string()
            }
        };
        text.chars().map(name).chain(["enter".to_owned()]).collect()
    };
    match &screen.state.overlay {
        None => ["]", "a"].map(String::from).to_vec(),
        Some(Overlay::Ack(asking)) if asking.field == Field::Reason => typed("not now"),
        Some(Overlay::Ack(asking)) => match &asking.phrase {
            Some(phrase) => typed(phrase),
            None => vec!["y".to_owned()],
        },
        Some(Overlay::Words(_)) => typed("not now"),
        Some(_) => vec!["esc".to_owned()],
    }
}

/// What was said of each row, to compare before and after a key.
fn said(screen: &Screen) -> std::collections::BTreeMap<undersign::review::Key, String> {
    let verdicts = screen.state.log.verdicts();
    let said = verdicts
        .iter()
        .map(|(key, said)| ((*key).clone(), format!("{said:?}")));
    said.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_key_of_any_plan_loses_or_gives_an_answer_by_itself(
        rows in prop::collection::vec(any_row(), 0..24),
        keys in prop::collection::vec(prop_oneof![4 => any_key(), 4 => Just("answer".to_owned()), 2 => prop::sample::select(vec!["x", "u", "ctrl-r", "]"]).prop_map(String::from)], 0..90),
        sizes in prop::collection::vec((55_u16..160, 12_u16..60), 1..5),
        batches in 1..4_usize,
    ) {
        use undersign::ui::keymap::{Action, action};
        let (rows, items): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let mut screen = Screen::new(sizes[0].0, sizes[0].1);
        let mut rest = rows;
        let mut items = items;
        let mut read = false;
        for (i, key) in keys.iter().enumerate() {
            // Rows come while keys are pressed.
            if i % 7 == 0 && !read {
                let take = rest.len().div_ceil(batches).max(1).min(rest.len());
                let scene = scene::Scene { rows: rest.drain(..take).collect(), items: items.drain(..take).collect() };
                screen = screen.rows(scene);
                if rest.is_empty() {
                    screen = screen.loaded_with(Vec::new());
                    read = true;
                }
            }
            if i % 11 == 10 {
                let (width, height) = sizes[i / 11 % sizes.len()];
                screen.send(Msg::Resize(width, height));
            }
            let presses = if key == "answer" { answer(&screen) } else { vec![key.clone()] };
            for key in presses {
                let mode = screen.state.mode();
                let (before, saves) = (said(&screen), screen.saves);
                screen.send(Msg::Key(Key::named(&key)));
                screen.send(Msg::Drawn);
                let after = said(&screen);
                if before != after {
                    let done = action(mode, &key);
                    let says_so = matches!(done, Some(Action::Yes | Action::Submit | Action::Undo | Action::Redo));
                    prop_assert!(says_so, "{key} in {mode:?} changed what was said");
                    let keys = before.keys().chain(after.keys());
                    let changed: std::collections::BTreeSet<_> = keys.filter(|key| before.get(key) != after.get(key)).collect();
                    prop_assert_eq!(changed.len(), 1, "one key answers for one row");
                    let lost = before.len() > after.len();
                    let takes_back = matches!(done, Some(Action::Undo | Action::Redo)) || mode == Mode::Palette;
                    prop_assert!(!lost || takes_back, "{key} in {mode:?} lost what was said");
                    prop_assert!(!read || screen.saves > saves, "what was said is saved at once");
                }
            }
            if i % 3 == 0 {
                for cell in screen.buffer().content() {
                    prop_assert!(!cell.symbol().chars().any(is_hidden), "{:?}", cell.symbol());
                }
            }
        }
        let entries = screen.state.log.entries().to_vec();
        let replayed = undersign::review::log::Log::replay(entries);
        let kept: Vec<_> = replayed.verdicts().into_iter().map(|(key, said)| (key.clone(), format!("{said:?}"))).collect();
        prop_assert_eq!(kept, said(&screen).into_iter().collect::<Vec<_>>(), "a draft brings back what was said");
    }
}
