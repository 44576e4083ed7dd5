//! What requests are called: name, method and tags, interned, and capped.

use std::collections::HashMap;

use crate::spec::Selector;

/// The name of every series beyond the cap.
pub const OTHER: &str = "(other)";

/// Tags sorted by name; the form in which they are compared and encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tags(Vec<(String, String)>);

impl Tags {
    /// Sorts the pairs; of two with one name the later one wins, as a request's tag wins over its scenario's.
    pub fn from_pairs(pairs: &[(String, String)]) -> Self {
        let mut tags = Self::default();
        for (name, value) in pairs {
            tags.set(name, value);
        }
        tags
    }

    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)) {
            Ok(at) => self.0[at].1 = value.to_string(),
            Err(at) => self.0.insert(at, (name.to_string(), value.to_string())),
        }
    }

    pub fn with(mut self, pairs: &[(&str, &str)]) -> Self {
        for (name, value) in pairs {
            self.set(name, value);
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The tags as they stand in a series key; separators inside names and values are replaced.
    pub fn encode(&self) -> String {
        let clean = |text: &str| text.replace(['\x1e', '\x1f'], "\u{fffd}");
        let mut key = String::new();
        for (name, value) in self.iter() {
            key.push('\x1f');
            key.push_str(&clean(name));
            key.push('\x1e');
            key.push_str(&clean(value));
        }
        key
    }
}

/// What thresholds name: kept beyond the cap, so that a threshold is judged by all of its samples. Nothing else is
/// kept there, so that there are no more series than thresholds can tell apart.
pub(crate) struct Named(Vec<Selector>);

impl Named {
    pub fn new(selectors: &[Selector]) -> Self {
        Self(selectors.to_vec())
    }

    fn has(&self, tag: &str, value: &str) -> bool {
        self.0.iter().any(|selector| selector.selector.get(tag).is_some_and(|wanted| wanted == value))
    }

    /// The value of a tag if a threshold names it, else `other`.
    pub fn or<'a>(&self, tag: &str, value: &'a str, other: &'a str) -> &'a str {
        if self.has(tag, value) {
            value
        } else {
            other
        }
    }

    /// Those of the tags that a threshold names.
    pub fn of(&self, tags: &Tags) -> Tags {
        Tags(tags.0.iter().filter(|(tag, value)| self.has(tag, value)).cloned().collect())
    }
}

/// The index of a label.
pub type LabelId = u32;

/// What a request is called, and the slots that its samples went to before.
pub(crate) struct Label {
    pub name: String,
    pub method: String,
    pub tags: Tags,
    /// Whether it stands for labels beyond the cap.
    pub beyond: bool,
    /// (packed outcome, slot): one or two entries in practice, so a scan beats a hash.
    pub slots: Vec<(u64, u32)>,
    /// (scenario, slot of the phases)
    pub phases: Vec<(u16, u32)>,
}

/// All labels, and the rule for those beyond the cap.
pub(crate) struct Labels {
    all: Vec<Label>,
    index: HashMap<(String, String, Tags), LabelId>,
    named: Named,
    limit: usize,
}

impl Labels {
    pub fn new(selectors: &[Selector], limit: usize) -> Self {
        Self { all: Vec::new(), index: HashMap::new(), named: Named::new(selectors), limit }
    }

    pub fn get_mut(&mut self, id: LabelId) -> &mut Label {
        &mut self.all[id as usize]
    }

    pub fn intern(&mut self, name: &str, method: &str, tags: &Tags) -> LabelId {
        if let Some(id) = self.index.get(&(name.to_string(), method.to_string(), tags.clone())) {
            return *id;
        }
        if self.all.len() < self.limit {
            return self.insert(name, method, tags, false);
        }
        self.reduced(name, method, tags)
    }

    /// The label that stands for this one beyond the cap.
    pub fn reduced(&mut self, name: &str, method: &str, tags: &Tags) -> LabelId {
        let name = self.named.or("name", name, OTHER);
        let method = if method.len() <= 7 { method } else { OTHER };
        let tags = self.named.of(tags);
        match self.index.get(&(name.to_string(), method.to_string(), tags.clone())) {
            Some(id) => *id,
            None => self.insert(name, method, &tags, true),
        }
    }

    fn insert(&mut self, name: &str, method: &str, tags: &Tags, beyond: bool) -> LabelId {
        let id = self.all.len() as LabelId;
        self.all.push(Label {
            name: name.to_string(),
            method: method.to_string(),
            tags: tags.clone(),
            beyond,
            slots: Vec::new(),
            phases: Vec::new(),
        });
        self.index.insert((name.to_string(), method.to_string(), tags.clone()), id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(tag: &str, value: &str) -> Selector {
        Selector { metric: "http_req_duration".into(), selector: [(tag.to_string(), value.to_string())].into() }
    }

    #[test]
    fn beyond_the_cap_a_label_becomes_other_unless_a_threshold_names_it() {
        let mut labels = Labels::new(&[selector("name", "login")], 2);
        labels.intern("a", "GET", &Tags::default());
        labels.intern("b", "GET", &Tags::default());
        let other = labels.intern("c", "GET", &Tags::default());
        assert_eq!(labels.get_mut(other).name, OTHER);
        assert_eq!(labels.intern("d", "GET", &Tags::default()), other);
        let login = labels.intern("login", "GET", &Tags::default());
        assert_eq!(labels.get_mut(login).name, "login");
        assert!([other, login].iter().all(|id| labels.get_mut(*id).beyond) && !labels.get_mut(0).beyond);
        assert_eq!(labels.intern("a", "GET", &Tags::default()), 0);
    }

    #[test]
    fn tags_are_sorted_and_the_later_one_wins() {
        let pairs = [("b", "1"), ("a", "2"), ("b", "3")].map(|(name, value)| (name.to_string(), value.to_string()));
        assert_eq!(Tags::from_pairs(&pairs).encode(), "\x1fa\x1e2\x1fb\x1e3");
    }
}
