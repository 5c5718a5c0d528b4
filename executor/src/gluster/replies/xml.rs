//! The envelope of every answer in XML, `cliOutput`, and a reader for what it holds.

use std::fmt::Display;
use std::str::FromStr;

use roxmltree::{Document, Node};

use crate::core::command::Output;
use crate::gluster::error::{Place, Quote, ReplyError};

/// The longest reply that is read. A backlog of half a million entries is shorter; whatever is longer
/// would take more memory than the answer is worth, and means no good anyway.
const LONGEST_REPLY: usize = 64 * 1024 * 1024;

/// An answer in XML whose `opRet` is 0.
pub(super) struct Answer<'a> {
    asked: &'static str,
    text: &'a str,
    document: Document<'a>,
}

impl<'a> Answer<'a> {
    /// Reads the output up to the envelope.
    ///
    /// # Errors
    /// Whatever is not a success: text in place of XML, an `opRet` or exit status other than 0, nothing.
    pub(super) fn read(asked: &'static str, output: &'a Output) -> Result<Self, ReplyError> {
        let text = output.stdout.trim();
        if text.is_empty() {
            return Err(no_output(asked, output));
        }
        let unreadable = |expected: &str, found: String, at| ReplyError::Unreadable {
            asked,
            expected: expected.to_owned(),
            found,
            at,
            reply: Quote::new(text),
        };
        if !text.starts_with('<') {
            let refusal = ReplyError::from_words(asked, output.status, None, &all_words(output));
            // Words without a failure are no answer to a question asked with `--xml`.
            return Err(match refusal {
                ReplyError::Refused { status: 0, .. } => unreadable("XML", "text".to_owned(), None),
                refusal => refusal,
            });
        }
        if text.len() > LONGEST_REPLY {
            let found = format!("{} bytes", text.len());
            return Err(unreadable("a reply of at most 64 MiB", found, None));
        }
        let document = Document::parse(text)
            .map_err(|error| unreadable("XML", error.to_string(), Some(place_of(&error, text))))?;
        let answer = Self { asked, text, document };
        answer.check_envelope(output)?;
        Ok(answer)
    }

    /// Both the exit status and `opRet` have to say success. `opRet` comes first in most answers and last in
    /// `heal info` (glfs-heal.c), hence by name, not by order.
    fn check_envelope(&self, output: &Output) -> Result<(), ReplyError> {
        let root = self.root();
        if !root.has_tag_name("cliOutput") {
            return Err(self.unreadable(root, "`cliOutput`", format!("`{}`", root.tag_name().name())));
        }
        let op_ret: i32 = self.value(root, "opRet", "a number")?;
        let errno: Option<i32> = self.optional_text(root, "opErrno")?.and_then(|text| text.parse().ok());
        if op_ret != 0 {
            let error = self.optional_text(root, "opErrstr")?.unwrap_or_default();
            let told = self.optional_text(root, "output")?.unwrap_or_default();
            let words = [error, told, output.stderr.trim()].into_iter().find(|words| !words.is_empty());
            let words = words.unwrap_or("no reason was given");
            return Err(ReplyError::from_words(self.asked, output.status, errno, words));
        }
        if output.status != 0 {
            let words = format!("opRet 0 in spite of the exit status. {}", output.stderr.trim());
            return Err(ReplyError::from_words(self.asked, output.status, errno, &words));
        }
        Ok(())
    }

    /// Returns `cliOutput`.
    pub(super) fn root(&self) -> Node<'_, 'a> {
        self.document.root_element()
    }

    /// Returns the error that this element is not as expected.
    pub(super) fn unreadable(&self, node: Node<'_, '_>, expected: &str, found: impl Display) -> ReplyError {
        let at = self.document.text_pos_at(node.range().start);
        ReplyError::Unreadable {
            asked: self.asked,
            expected: expected.to_owned(),
            found: Quote::new(&found.to_string()).to_string(),
            at: Some(Place { line: at.row, column: at.col }),
            reply: Quote::new(self.text),
        }
    }

    /// Returns the one child of this name, `None` where there is none.
    pub(super) fn optional<'b>(
        &self,
        parent: Node<'b, 'a>,
        name: &str,
    ) -> Result<Option<Node<'b, 'a>>, ReplyError> {
        let mut children = parent.children().filter(|child| child.has_tag_name(name));
        let first = children.next();
        match children.next() {
            Some(second) => Err(self.unreadable(second, &format!("one `{name}`"), "another one")),
            None => Ok(first),
        }
    }

    /// Returns the one child of this name.
    pub(super) fn child<'b>(&self, parent: Node<'b, 'a>, name: &str) -> Result<Node<'b, 'a>, ReplyError> {
        let missing = || self.unreadable(parent, &format!("`{name}`"), "none");
        self.optional(parent, name)?.ok_or_else(missing)
    }

    /// Returns all children of this name.
    ///
    /// # Errors
    /// One of them lies deeper. Where the CLI fails in the middle of an answer it closes the elements in
    /// the wrong order, still prints it, and still says `opRet` 0 (cli-xml-output.c): the XML is well-formed
    /// and holds the rest inside of what was being written.
    pub(super) fn children<'b>(
        &self,
        parent: Node<'b, 'a>,
        name: &str,
    ) -> Result<Vec<Node<'b, 'a>>, ReplyError> {
        let children: Vec<_> = parent.children().filter(|child| child.has_tag_name(name)).collect();
        let astray = parent.descendants().filter(|node| *node != parent && node.has_tag_name(name));
        match astray.into_iter().find(|node| node.parent() != Some(parent)) {
            Some(node) => Err(self.unreadable(node, &format!("no `{name}` here"), "one out of its place")),
            None => Ok(children),
        }
    }

    /// Returns the text of the one child of this name, `None` where there is none.
    pub(super) fn optional_text<'b>(
        &self,
        parent: Node<'b, 'a>,
        name: &str,
    ) -> Result<Option<&'b str>, ReplyError> {
        Ok(self.optional(parent, name)?.map(|child| child.text().unwrap_or_default().trim()))
    }

    /// Returns the text of the one child of this name.
    pub(super) fn text<'b>(&self, parent: Node<'b, 'a>, name: &str) -> Result<&'b str, ReplyError> {
        Ok(self.child(parent, name)?.text().unwrap_or_default().trim())
    }

    /// Returns what the text of the one child of this name stands for.
    pub(super) fn value<T: FromStr>(
        &self,
        parent: Node<'_, 'a>,
        name: &str,
        expected: &str,
    ) -> Result<T, ReplyError> {
        let child = self.child(parent, name)?;
        let text = child.text().unwrap_or_default().trim();
        text.parse().map_err(|_| self.unreadable(child, &format!("{expected} in `{name}`"), quoted(text)))
    }

    /// Returns whether the one child of this name is 1, where 0 is the only alternative.
    pub(super) fn flag(&self, parent: Node<'_, 'a>, name: &str) -> Result<bool, ReplyError> {
        match self.text(parent, name)? {
            "1" => Ok(true),
            "0" => Ok(false),
            other => Err(self.unreadable(parent, &format!("0 or 1 in `{name}`"), quoted(other))),
        }
    }
}

/// Returns where XML ceases to be XML. roxmltree gives the very beginning for a reply that was cut off.
fn place_of(error: &roxmltree::Error, text: &str) -> Place {
    use roxmltree::Error::{UnclosedRootNode, UnexpectedEndOfStream};
    if matches!(error, UnclosedRootNode | UnexpectedEndOfStream) {
        let last_line = text.lines().last().unwrap_or_default();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        return Place { line: number(text.lines().count()), column: number(last_line.chars().count() + 1) };
    }
    let at = error.pos();
    Place { line: at.row, column: at.col }
}

/// Returns the error for an empty standard output.
pub(super) fn no_output(asked: &'static str, output: &Output) -> ReplyError {
    let words = output.stderr.trim();
    if words.is_empty() {
        ReplyError::Silent { asked, status: output.status }
    } else {
        ReplyError::from_words(asked, output.status, None, words)
    }
}

/// Returns all that was said: releases differ in what they write where (`Connection failed` goes to stdout,
/// and 3.7.20 adds `peer status: failed` on stderr).
pub(super) fn all_words(output: &Output) -> String {
    format!("{}\n{}", output.stdout.trim(), output.stderr.trim())
}

/// Returns the text as part of a message.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", text.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn output(status: i32, stdout: &str, stderr: &str) -> Output {
        Output { status, stdout: stdout.to_owned(), stderr: stderr.to_owned() }
    }

    fn error(output: &Output) -> ReplyError {
        Answer::read("gluster x", output).err().expect("an error")
    }

    fn xml(inner: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<cliOutput>{inner}</cliOutput>\n"
        )
    }

    #[rstest]
    #[case("<opRet>0</opRet><opErrno>0</opErrno><opErrstr/><peerStatus/>")]
    #[case("<healInfo/><opRet>0</opRet><opErrno>0</opErrno><opErrstr/>")]
    #[case("<opRet>0</opRet><opErrno>0</opErrno><opErrstr>peer status: No peers present</opErrstr>")]
    fn success_is_an_op_ret_of_0_wherever_it_stands(#[case] inner: &str) {
        let output = output(0, &xml(inner), "");
        assert!(Answer::read("gluster x", &output).is_ok());
    }

    #[rstest]
    #[case::exit_0(0, "<opRet>-1</opRet><opErrno>30800</opErrno><opErrstr>no</opErrstr>", Some(30800), "no")]
    #[case::last(251, "<b/><opRet>-1</opRet><opErrno>5</opErrno><opErrstr>no</opErrstr>", Some(5), "no")]
    #[case::told(0, "<opRet>-1</opRet><opErrno>0</opErrno><opErrstr/><output>no</output>", Some(0), "no")]
    #[case::unsaid(0, "<opRet>-1</opRet><opErrno>9</opErrno>", Some(9), "no reason was given")]
    fn an_op_ret_of_minus_1_is_a_refusal_whatever_the_exit_status(
        #[case] status: i32,
        #[case] inner: &str,
        #[case] errno: Option<i32>,
        #[case] said: &str,
    ) {
        let asked = "gluster x";
        let expected = ReplyError::Refused { asked, status, errno, said: Quote::new(said) };
        assert_eq!(error(&output(status, &xml(inner), "")), expected);
    }

    #[test]
    fn an_exit_status_is_a_refusal_whatever_op_ret_says() {
        let error = error(&output(1, &xml("<opRet>0</opRet>"), "oh"));
        assert!(matches!(error, ReplyError::Refused { status: 1, .. }), "{error}");
        assert!(error.to_string().ends_with("oh"), "{error}");
    }

    #[rstest]
    #[case::no_op_ret("<opErrno>0</opErrno>")]
    #[case::two("<opRet>0</opRet><opRet>-1</opRet>")]
    #[case::no_number("<opRet>fine</opRet>")]
    #[case::deeper("<a><opRet>0</opRet></a>")]
    fn an_envelope_without_one_op_ret_is_unreadable(#[case] inner: &str) {
        let error = error(&output(0, &xml(inner), ""));
        assert!(matches!(error, ReplyError::Unreadable { at: Some(_), .. }), "{error}");
    }

    #[test]
    fn text_in_place_of_xml_is_told_by_its_words() {
        let down = "Connection failed. Please check if gluster daemon is operational.\n";
        assert!(matches!(error(&output(1, down, "peer status: failed")), ReplyError::GlusterdDown { .. }));
        assert!(matches!(error(&output(0, "volume set: success\n", "")), ReplyError::Unreadable { .. }));
        assert!(matches!(error(&output(1, "Usage: volume heal\n", "")), ReplyError::Refused { .. }));
        assert!(matches!(error(&output(1, "", "No volumes")), ReplyError::Refused { .. }));
        assert!(matches!(error(&output(0, "Error : Request timed out\n", "")), ReplyError::Busy { .. }));
        assert_eq!(error(&output(89, "\n", "")), ReplyError::Silent { asked: "gluster x", status: 89 });
    }

    #[test]
    fn cut_xml_says_where_it_was_cut_and_how_long_it_was() {
        let whole = xml(&format!("<opRet>0</opRet>\n<a>{}</a>\n", "x".repeat(400)));
        let error = error(&output(0, &whole[..whole.len() - 20], ""));
        let ReplyError::Unreadable { at: Some(at), reply, .. } = &error else { panic!("{error}") };
        assert_eq!(at.to_string(), "3:402");
        assert!(reply.total > 400 && reply.beginning.chars().count() == Quote::LENGTH);
    }

    #[test]
    fn entities_cannot_be_declared_and_depth_overflows_no_stack() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"c\">]><cliOutput>&b;</cliOutput>";
        assert!(matches!(error(&output(0, bomb, "")), ReplyError::Unreadable { .. }));
        let deep = xml(&format!("<opRet>0</opRet>{}{}", "<a>".repeat(200_000), "</a>".repeat(200_000)));
        assert!(Answer::read("gluster x", &output(0, &deep, "")).is_ok());
    }

    #[test]
    fn elements_out_of_their_place_are_not_overlooked() {
        let garbled = xml("<opRet>0</opRet><vs><v>1<t><v>2</v></t></v></vs>");
        let output = output(0, &garbled, "");
        let answer = Answer::read("gluster x", &output).unwrap_or_else(|error| panic!("{error}"));
        let volumes = answer.child(answer.root(), "vs").unwrap();
        assert!(answer.children(volumes, "v").is_err());
    }
}
