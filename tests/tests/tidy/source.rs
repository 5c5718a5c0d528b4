//! A Rust file as the rules see it: what it uses, calls and defines, line by line, tests told apart.

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item};

/// Something in a file that a rule may care about.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// What it is: a path with `::`, a call, a macro, an attribute, the name of a function.
    pub(crate) what: String,
    /// The line it starts on.
    pub(crate) line: usize,
    /// How many lines it takes.
    pub(crate) lines: usize,
    /// Whether it is code of tests.
    pub(crate) test: bool,
}

/// One Rust file, read.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Its path from the workspace's root.
    pub(crate) path: PathBuf,
    /// Its text.
    pub(crate) text: String,
    /// Every path of several words in it, `use` trees spread out; ours begin with the package's name.
    pub(crate) paths: Vec<Found>,
    /// Every path that is exported again by a `pub use`, whatever its reach.
    pub(crate) exports: Vec<Found>,
    /// Methods and macros called, as `.name` and `name!`; `async` and `.await`; `_ =>` where it can hide a variant.
    pub(crate) calls: Vec<Found>,
    /// The functions with a body.
    pub(crate) functions: Vec<Found>,
    /// The names inside attributes, as `#allow`.
    pub(crate) attributes: Vec<Found>,
    /// Files that are compiled for tests only, declared here.
    pub(crate) test_files: Vec<PathBuf>,
}

impl Source {
    /// Reads a file of a package; `path` is from the workspace's root, such as `executor/src/core/mod.rs`.
    pub(crate) fn read(path: &Path, text: &str) -> anyhow::Result<Source> {
        let file = syn::parse_file(text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        let mut words = path.iter().map(|word| word.to_string_lossy().into_owned());
        let package = words.next().unwrap_or_default();
        let folder = words.next().unwrap_or_default();
        let mut module = vec![package];
        module.extend(words.map(|word| word.trim_end_matches(".rs").to_owned()));
        if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
            module.pop();
        }
        // The acceptance package is tests from end to end.
        let depth = usize::from(folder == "tests" || path.starts_with("tests"));
        let source = Source { path: path.to_owned(), text: text.to_owned(), ..Source::default() };
        let mut reader = Reader { source, module, tests: depth };
        reader.visit_file(&file);
        Ok(reader.source)
    }

    /// Marks the whole file as code of tests.
    pub(crate) fn all_test(&mut self) {
        for list in
            [&mut self.paths, &mut self.exports, &mut self.calls, &mut self.functions, &mut self.attributes]
        {
            list.iter_mut().for_each(|found| found.test = true);
        }
    }

    /// Returns a line of its text; lines count from one.
    pub(crate) fn line(&self, line: usize) -> &str {
        self.text.lines().nth(line - 1).unwrap_or_default()
    }

    /// Returns a place in it, as violations name it.
    pub(crate) fn at(&self, line: usize, what: impl std::fmt::Display) -> String {
        format!("{}:{line}: {what}", self.path.display())
    }
}

struct Reader {
    source: Source,
    /// The module that is being read, from the package's name down.
    module: Vec<String>,
    /// How many items marked as tests are around.
    tests: usize,
}

impl Reader {
    fn found(&self, what: String, line: usize) -> Found {
        Found { what, line, lines: 1, test: self.tests > 0 }
    }

    fn call(&mut self, what: &str, line: usize) {
        let found = self.found(what.to_owned(), line);
        self.source.calls.push(found);
    }

    fn path(&mut self, words: Vec<String>, line: usize, export: bool) {
        let Some(first) = words.first() else { return };
        let whole = match first.as_str() {
            "crate" => [&self.module[..1], &words[1..]].concat(),
            "self" => [&self.module[..], &words[1..]].concat(),
            "super" => {
                let up = words.iter().take_while(|word| *word == "super").count();
                let kept = self.module.len().saturating_sub(up).max(1);
                [&self.module[..kept], &words[up..]].concat()
            }
            _ => words,
        };
        let found = self.found(whole.join("::"), line);
        if export {
            self.source.exports.push(found.clone());
        }
        self.source.paths.push(found);
    }

    fn use_tree(&mut self, tree: &syn::UseTree, before: &[String], export: bool) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&path.tree, &with(&path.ident), export),
            syn::UseTree::Name(name) if name.ident == "self" => {
                self.path(before.to_vec(), name.span().start().line, export);
            }
            syn::UseTree::Name(name) => self.path(with(&name.ident), name.span().start().line, export),
            syn::UseTree::Rename(name) => self.path(with(&name.ident), name.span().start().line, export),
            syn::UseTree::Glob(glob) => self.path(before.to_vec(), glob.span().start().line, export),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.use_tree(tree, before, export));
            }
        }
    }

    /// Reads what stands inside a macro, which nobody has parsed: paths, method calls, macros, `async`.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let punct =
            |at: usize, c: char| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == c);
        let mut at = 0;
        while at < tokens.len() {
            let line = tokens[at].span().start().line;
            match &tokens[at] {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(ident) if at > 0 && punct(at - 1, '.') => {
                    self.call(&format!(".{ident}"), line);
                }
                TokenTree::Ident(ident) if punct(at + 1, '!') && !punct(at + 2, '=') => {
                    self.call(&format!("{ident}!"), line);
                }
                TokenTree::Ident(ident) if *ident == "async" => self.call("async", line),
                TokenTree::Ident(ident) => {
                    let mut words = vec![ident.to_string()];
                    while punct(at + 1, ':') && punct(at + 2, ':') {
                        let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else { break };
                        words.push(next.to_string());
                        at += 3;
                    }
                    if words.len() > 1 {
                        self.path(words, line, false);
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            at += 1;
        }
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.span().start().line;
        let last = block.span().end().line;
        let found = self.found(signature.ident.to_string(), first);
        self.source.functions.push(Found { lines: last - first + 1, ..found });
        if signature.asyncness.is_some() {
            self.call("async", first);
        }
    }

    /// Visits something with its attributes taken into account.
    fn within(&mut self, attributes: &[Attribute], visit: impl FnOnce(&mut Self)) {
        let test = usize::from(attributes.iter().any(is_test));
        self.tests += test;
        visit(self);
        self.tests -= test;
    }

    fn declared(&mut self, name: &str) {
        let mut folder = self.source.path.with_extension("");
        if folder.file_name().is_some_and(|name| ["mod", "lib", "main"].iter().any(|own| name == *own)) {
            folder.pop();
        }
        self.source.test_files.push(folder.join(format!("{name}.rs")));
        self.source.test_files.push(folder.join(name));
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        self.within(attributes_of(item), |reader| {
            if let Item::Mod(module) = item {
                let name = module.ident.to_string();
                if module.content.is_none() && reader.tests > 0 {
                    reader.declared(&name);
                }
                reader.module.push(name);
                visit::visit_item(reader, item);
                reader.module.pop();
            } else {
                visit::visit_item(reader, item);
            }
        });
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.within(&function.attrs, |reader| {
            reader.function(&function.sig, &function.block);
            visit::visit_impl_item_fn(reader, function);
        });
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        } else if function.sig.asyncness.is_some() {
            self.call("async", function.sig.span().start().line);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let export = !matches!(item.vis, syn::Visibility::Inherited);
        self.use_tree(&item.tree, &[], export);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let words = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.path(words, path.span().start().line, false);
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.call(&format!(".{}", call.method), call.method.span().start().line);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.call("async", block.span().start().line);
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_await(&mut self, wait: &'ast syn::ExprAwait) {
        self.call(".await", wait.await_token.span().start().line);
        visit::visit_expr_await(self, wait);
    }

    fn visit_expr_match(&mut self, match_: &'ast syn::ExprMatch) {
        // A match over texts, numbers or slices cannot name them all, so its `_` hides no variant.
        let endless = match_.arms.iter().any(|arm| is_endless(&arm.pat));
        for arm in match_.arms.iter().filter(|_| !endless) {
            if matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none() {
                self.call("_ =>", arm.pat.span().start().line);
            }
        }
        visit::visit_expr_match(self, match_);
    }

    fn visit_macro(&mut self, macro_: &'ast syn::Macro) {
        let name = macro_.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        self.call(&format!("{name}!"), macro_.path.span().start().line);
        self.tokens(macro_.tokens.clone());
        visit::visit_macro(self, macro_);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let names = match &attribute.meta {
            syn::Meta::List(list) => idents(list.tokens.clone()),
            syn::Meta::Path(_) | syn::Meta::NameValue(_) => Vec::new(),
        };
        let own = attribute.path().segments.last().map(|segment| segment.ident.to_string());
        // `cfg_attr` carries another attribute inside.
        let inner = names.into_iter().filter(|_| attribute.path().is_ident("cfg_attr"));
        for name in own.into_iter().chain(inner) {
            let found = self.found(format!("#{name}"), attribute.span().start().line);
            self.source.attributes.push(found);
        }
        visit::visit_attribute(self, attribute);
    }
}

/// Whether an attribute makes what it stands on code of tests.
fn is_test(attribute: &Attribute) -> bool {
    let name = attribute.path().segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    match (&attribute.meta, name.as_str()) {
        (_, "test" | "rstest") => true,
        (syn::Meta::List(list), "cfg") => {
            let names = idents(list.tokens.clone());
            names.iter().any(|name| name == "test") && !names.iter().any(|name| name == "not")
        }
        _ => false,
    }
}

fn idents(tokens: TokenStream) -> Vec<String> {
    let each = tokens.into_iter().flat_map(|token| match token {
        TokenTree::Ident(ident) => vec![ident.to_string()],
        TokenTree::Group(group) => idents(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => Vec::new(),
    });
    each.collect()
}

/// Whether a pattern is one of a kind that no list of patterns exhausts.
fn is_endless(pattern: &syn::Pat) -> bool {
    match pattern {
        syn::Pat::Lit(_) | syn::Pat::Range(_) | syn::Pat::Slice(_) => true,
        syn::Pat::Or(or) => or.cases.iter().any(is_endless),
        syn::Pat::Tuple(tuple) => tuple.elems.iter().any(is_endless),
        syn::Pat::TupleStruct(tuple) => tuple.elems.iter().any(is_endless),
        syn::Pat::Reference(reference) => is_endless(&reference.pat),
        _ => false,
    }
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
