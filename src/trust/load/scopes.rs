//! Groups, scopes and their windows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Time, Weekday};
use toml::Spanned;

use super::{Place, words};
use crate::approval::statement::Hex;
use crate::failure::Failure;
use crate::risk;
use crate::trust::{Extra, Matching, Person, Scope, Window, config};

impl Place<'_> {
    pub(super) fn groups(
        &self,
        groups: BTreeMap<String, Vec<Spanned<String>>>,
        persons: &[Person],
    ) -> Result<BTreeMap<String, Vec<String>>, Failure> {
        for member in groups.values().flatten() {
            if !persons.iter().any(|person| person.id == *member.get_ref()) {
                return Err(self.refuse(
                    member.span(),
                    "trust-group",
                    format!("there is no person {}", member.get_ref()),
                ));
            }
        }
        Ok(groups
            .into_iter()
            .map(|(name, members)| (name, words(members)))
            .collect())
    }

    pub(super) fn scopes(
        &self,
        scopes: Vec<config::Scope>,
        groups: &BTreeMap<String, Vec<String>>,
    ) -> Result<Vec<Scope>, Failure> {
        let mut ids = BTreeSet::new();
        let mut loaded = Vec::new();
        for scope in scopes {
            if !ids.insert(scope.id.get_ref().clone()) {
                return Err(self.refuse(
                    scope.id.span(),
                    "trust-scope-twice",
                    format!("the scope {} is there twice", scope.id.get_ref()),
                ));
            }
            self.known_groups(&scope.from, groups)?;
            self.at_least_one(&scope.approvals)?;
            let mut extra = Vec::new();
            for more in scope.extra {
                self.known_groups(&more.from, groups)?;
                self.at_least_one(&more.approvals)?;
                if more.rules.get_ref().is_empty() {
                    return Err(self.refuse(
                        more.rules.span(),
                        "trust-extra",
                        "rules names no rule, so that it would never ask for anybody",
                    ));
                }
                self.known_rules(more.rules.get_ref())?;
                extra.push(Extra {
                    rules: words(more.rules.into_inner()),
                    from: words(more.from),
                    approvals: more.approvals.into_inner(),
                });
            }
            loaded.push(Scope {
                max_age: self.duration(&scope.max_age)?,
                windows: scope
                    .windows
                    .iter()
                    .map(|window| self.window(window))
                    .collect::<Result<_, _>>()?,
                id: scope.id.into_inner(),
                matching: Matching {
                    backend: scope.matching.backend,
                    workspace: scope.matching.workspace,
                    state_lineage: scope.matching.state_lineage,
                },
                approvals: scope.approvals.into_inner(),
                from: words(scope.from),
                min_assurance: scope.min_assurance,
                min_hardware: scope.min_hardware,
                exclude_requester: scope.exclude_requester,
                ruleset_sha256: scope.ruleset_sha256.map(|Hex(digest)| digest),
                extra,
            });
        }
        Ok(loaded)
    }

    fn known_groups(
        &self,
        names: &[Spanned<String>],
        groups: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), Failure> {
        match names
            .iter()
            .find(|name| !groups.contains_key(name.get_ref()))
        {
            None => Ok(()),
            Some(name) => Err(self.refuse(
                name.span(),
                "trust-group",
                format!("there is no group {}", name.get_ref()),
            )),
        }
    }

    /// A rule with a typing error would never ask for anybody.
    fn known_rules(&self, rules: &[Spanned<String>]) -> Result<(), Failure> {
        match rules.iter().find(|id| risk::rule(id.get_ref()).is_none()) {
            None => Ok(()),
            Some(id) => Err(self.refuse(
                id.span(),
                "trust-extra",
                format!("there is no rule {}", id.get_ref()),
            )),
        }
    }

    fn at_least_one(&self, approvals: &Spanned<usize>) -> Result<(), Failure> {
        if *approvals.get_ref() == 0 {
            return Err(self.refuse(
                approvals.span(),
                "trust-approvals",
                "approvals must be at least 1",
            ));
        }
        Ok(())
    }

    fn window(&self, window: &Spanned<config::Window>) -> Result<Window, Failure> {
        let refuse = |error: String| self.refuse(window.span(), "trust-window", error);
        let config::Window { days, from, to, tz } = window.get_ref();
        if tz != "UTC" {
            return Err(refuse(format!(
                "the time zone {tz} is not supported yet; write the window in UTC"
            )));
        }
        let days = days
            .iter()
            .map(|day| {
                weekday(day).ok_or_else(|| {
                    refuse(format!(
                        "{day} is no day; write mon, tue, wed, thu, fri, sat or sun"
                    ))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let time = |text: &str| {
            clock(text).ok_or_else(|| refuse(format!("{text} is no time; write it as 08:00")))
        };
        let (from, to) = (time(from)?, time(to)?);
        if from >= to {
            return Err(refuse(
                "a window ends on the day it begins, after it begins".into(),
            ));
        }
        Ok(Window { days, from, to })
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// `08:00`, two digits each.
fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse::<i8>().ok())
            .flatten()
    };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}
