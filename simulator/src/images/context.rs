//! All that goes into an image, as the archive that the engine builds from, and as the hash that names the result.

use std::collections::HashMap;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::base::BaseKind;
use super::catalog::{Base, Family, Packages};

/// Counts changes of the way in which images are built; a change here makes every image a different one.
const FORMAT: u32 = 1;
/// The file by which an image is built, as the engine looks for it.
pub(super) const DOCKERFILE: &str = "Dockerfile";
/// The file by which packages are added to the finished image of a family, in the folder of the project's own images.
pub(super) const ADDED_DOCKERFILE: &str = "added.Dockerfile";
/// The folder of a context with the packages that are added, one folder a release.
const ADDED: &str = "added";
/// The digits of a hash that an image's tag has: enough to tell some hundred images apart.
const TAG_DIGITS: usize = 12;

/// Everything that decides what a family's image will be, but its base.
#[derive(Debug)]
pub(super) struct Context {
    files: Vec<File>,
    /// The values of the Dockerfile's `ARG`s.
    pub(super) arguments: Vec<(&'static str, String)>,
    base: Foundation,
}

/// What an image stands on, as far as it decides what the image will be.
#[derive(Debug)]
enum Foundation {
    /// Names of a distribution.
    Names(Vec<String>),
    /// All that decides what the image of another family is.
    Image(Box<Context>),
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    executable: bool,
    bytes: Vec<u8>,
}

impl Context {
    /// Reads all that goes into a family's image.
    pub(super) fn read(family: &Family) -> std::io::Result<Context> {
        let mut files = Vec::new();
        let (base, arguments) = match &family.base {
            Base::Distribution { public, bootstrap } => {
                read_folder(&family.folder, Path::new(""), &mut files)?;
                files.retain(|file| file.path != Path::new(DOCKERFILE));
                let names = std::iter::once(public.clone()).chain(bootstrap.clone()).collect();
                (Foundation::Names(names), of_suites(family))
            }
            Base::Family(below) => {
                let added = read_added(family, &mut files)?;
                let below = Context::read(below)?;
                (Foundation::Image(Box::new(below)), vec![("ADDED", added.join(" "))])
            }
        };
        files.push(File {
            path: PathBuf::from(DOCKERFILE),
            executable: false,
            bytes: std::fs::read(&family.dockerfile)?,
        });
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Context { files, arguments, base })
    }

    /// Returns the hash of it all, as the tag of the image that it makes on this base.
    pub(super) fn tag(&self, kind: BaseKind) -> String {
        let mut hash = Sha256::new();
        // Each piece with its length first: no two different lists of pieces read the same.
        let mut piece = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        piece(&FORMAT.to_be_bytes());
        piece(kind.as_str().as_bytes());
        match &self.base {
            Foundation::Names(names) => names.iter().for_each(|name| piece(name.as_bytes())),
            Foundation::Image(context) => piece(context.tag(kind).as_bytes()),
        }
        for (name, value) in &self.arguments {
            piece(name.as_bytes());
            piece(value.as_bytes());
        }
        for file in &self.files {
            piece(file.path.as_os_str().as_encoded_bytes());
            piece(&[u8::from(file.executable)]);
            piece(&file.bytes);
        }
        let mut digits = hash.finalize().iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        digits.truncate(TAG_DIGITS);
        digits
    }

    /// Returns the archive for the engine.
    pub(super) fn archive(&self) -> std::io::Result<Vec<u8>> {
        let mut builder = tar::Builder::new(Vec::new());
        for file in &self.files {
            let mut header = tar::Header::new_gnu();
            header.set_size(file.bytes.len() as u64);
            header.set_mode(if file.executable { 0o755 } else { 0o644 });
            header.set_entry_type(tar::EntryType::Regular);
            builder.append_data(&mut header, &file.path, file.bytes.as_slice())?;
        }
        builder.into_inner()
    }

    /// Returns the build's arguments, the base among them.
    pub(super) fn arguments_on(&self, base: &str) -> HashMap<String, String> {
        let arguments = self.arguments.iter();
        let mut all: HashMap<String, String> =
            arguments.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        all.insert("BASE".to_owned(), base.to_owned());
        all
    }
}

/// Returns an archive with nothing but a Dockerfile that puts labels on its base. All in one line of it: the
/// builder stores an image after each.
pub(super) fn archive_that_labels(labels: &HashMap<String, String>) -> std::io::Result<Vec<u8>> {
    let mut pairs: Vec<String> =
        labels.iter().map(|(key, value)| format!("{}={}", quoted(key), quoted(value))).collect();
    pairs.sort();
    let file = File {
        path: PathBuf::from(DOCKERFILE),
        executable: false,
        bytes: format!("ARG BASE\nFROM ${{BASE}}\nLABEL {}\n", pairs.join(" ")).into_bytes(),
    };
    let context = Context { files: vec![file], arguments: Vec::new(), base: Foundation::Names(Vec::new()) };
    context.archive()
}

/// Quotes a word of a Dockerfile. Line ends have no quoted form, and no place in a label.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\' | '$') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// The arguments of a Dockerfile that installs from suites of a distribution.
fn of_suites(family: &Family) -> Vec<(&'static str, String)> {
    let pairs = family.releases.iter().filter_map(|release| match &release.packages {
        Packages::Suite(suite) => Some(format!("{}={suite}", release.version)),
        Packages::Folder(_) => None,
    });
    let optional = family.releases.iter().filter(|release| release.optional);
    vec![
        ("RELEASES", pairs.collect::<Vec<_>>().join(" ")),
        ("OPTIONAL", optional.map(|release| release.version.as_str()).collect::<Vec<_>>().join(" ")),
        ("PREINSTALLED", family.preinstalled.clone()),
    ]
}

/// Reads the packages of releases that are in folders; returns these releases.
fn read_added(family: &Family, files: &mut Vec<File>) -> std::io::Result<Vec<String>> {
    let mut added = Vec::new();
    for release in &family.releases {
        let Packages::Folder(folder) = &release.packages else { continue };
        let mut packages = Vec::new();
        read_folder(folder, Path::new(""), &mut packages)?;
        let place = Path::new(ADDED).join(&release.version);
        files.extend(packages.into_iter().map(|file| File { path: place.join(&file.path), ..file }));
        added.push(release.version.clone());
    }
    Ok(added)
}

fn read_folder(root: &Path, below: &Path, files: &mut Vec<File>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read_folder(root, &path, files)?;
        } else if kind.is_file() {
            files.push(File {
                executable: entry.metadata()?.permissions().mode() & 0o100 != 0,
                bytes: std::fs::read(entry.path())?,
                path,
            });
        } else {
            let message = format!("{} is no regular file", entry.path().display());
            return Err(std::io::Error::other(message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::catalog::{Init, Release};
    use super::*;

    fn family(folder: &Path) -> Family {
        Family {
            name: "some".to_owned(),
            about: "about".to_owned(),
            tried: None,
            init: Init::Bare,
            preinstalled: "10.3".to_owned(),
            base: on("some:image", Some("some")),
            releases: vec![Release {
                version: "10.3".to_owned(),
                packages: Packages::Suite("some".to_owned()),
                op_version: 100_000,
                optional: false,
            }],
            folder: folder.to_owned(),
            dockerfile: folder.join(DOCKERFILE),
        }
    }

    fn on(public: &str, bootstrap: Option<&str>) -> Base {
        Base::Distribution { public: public.to_owned(), bootstrap: bootstrap.map(str::to_owned) }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("node")).unwrap();
        std::fs::write(folder.path().join("Dockerfile"), "FROM x").unwrap();
        std::fs::write(folder.path().join("node/script"), "true").unwrap();
        folder
    }

    fn tag(family: &Family) -> String {
        Context::read(family).unwrap().tag(BaseKind::Bootstrap)
    }

    #[test]
    fn unchanged_means_the_same_tag() {
        let (one, other) = (folder(), folder());
        let tag_of_one = tag(&family(one.path()));
        assert_eq!(tag_of_one, tag(&family(other.path())));
        assert_eq!(tag_of_one.len(), TAG_DIGITS);
    }

    #[rstest]
    #[case::dockerfile(|root: &Path, _: &mut Family| std::fs::write(root.join("Dockerfile"), "FROM y").unwrap())]
    #[case::content(|root: &Path, _: &mut Family| std::fs::write(root.join("node/script"), "false").unwrap())]
    #[case::name(|root: &Path, _: &mut Family| std::fs::rename(root.join("node/script"), root.join("node/s")).unwrap())]
    #[case::more(|root: &Path, _: &mut Family| std::fs::write(root.join("node/more"), "").unwrap())]
    #[case::mode(|root: &Path, _: &mut Family| {
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(root.join("node/script"), mode).unwrap();
    })]
    #[case::base(|_: &Path, family: &mut Family| family.base = on("other:image", Some("some")))]
    #[case::no_bootstrap(|_: &Path, family: &mut Family| family.base = on("some:image", None))]
    #[case::suite(|_: &Path, family: &mut Family| {
        family.releases[0].packages = Packages::Suite("next".to_owned());
    })]
    #[case::optional(|_: &Path, family: &mut Family| family.releases[0].optional = true)]
    #[case::preinstalled(|_: &Path, family: &mut Family| family.preinstalled = "9.2".to_owned())]
    fn a_change_means_another_tag(#[case] change: impl Fn(&Path, &mut Family)) {
        let folder = folder();
        let mut family = family(folder.path());
        let before = tag(&family);
        change(folder.path(), &mut family);
        assert_ne!(tag(&family), before);
    }

    #[test]
    fn another_base_means_another_tag() {
        let folder = folder();
        let context = Context::read(&family(folder.path())).unwrap();
        assert_ne!(context.tag(BaseKind::Bootstrap), context.tag(BaseKind::Public));
    }

    #[rstest]
    #[case::plain("a/b.c", r#""a/b.c""#)]
    #[case::empty("", r#""""#)]
    #[case::special(r#"a "b" $c \"#, r#""a \"b\" \$c \\""#)]
    #[case::line_end("a\nRUN b", r#""aRUN b""#)]
    fn words_of_a_dockerfile(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(quoted(text), expected);
    }

    #[test]
    fn links_are_refused() {
        let folder = folder();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        assert!(Context::read(&family(folder.path())).is_err());
    }
}
