# Tells which version of the packages brings the release $1, and what installing it would do.
# Reads only: nothing is written outside a directory of ours, nothing is locked, no index is fetched.
# Prints `version V`, `move PACKAGE FROM TO` (`-` for none), `change PACKAGE`, `remove PACKAGE`, `hold WHAT`,
# `repository WORDS`, `half WORDS`, `unattended WORDS`, and at last `end`.
release=$1

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

one_line() {
    tr '\n' ' ' | sed -e 's/  */ /g' -e 's/ $//' | cut -c 1-400
}

locked
unattended | sed 's/^/unattended /'
family >"$scratch/family"
twice=$(cut -d ' ' -f 1 "$scratch/family" | uniq -d | one_line)
[ -z "$twice" ] || echo "half installed in two versions at once, as a broken transaction leaves it: $twice"

if ! look_offer >"$scratch/offer" 2>"$scratch/errors"; then
    echo "repository $(one_line <"$scratch/errors")"
    echo end
    exit 0
fi
# dnf passes over a repository of which it has no index, and ends well.
skipped=$(grep -i -e 'no cache for' -e '^Failed to' -e 'is invalid' "$scratch/errors" | one_line)
[ -z "$skipped" ] || echo "repository $skipped"
best=$(
    awk -v anchor="$(anchor)" '$1 == anchor { print $2 }' "$scratch/offer" "$scratch/family" | sort -u -V |
        while read -r version; do
            if is_of_release "$version" "$release"; then echo "$version"; fi
        done | tail -n 1
)
if [ -z "$best" ]; then
    echo end
    exit 0
fi
echo "version $best"

cat "$scratch/offer" "$scratch/family" | wanted "$best" | specs "$best" >"$scratch/specs"
# shellcheck disable=SC2046 # names of packages
simulate $(cat "$scratch/specs") >"$scratch/table"
if grep -q '^Error' "$scratch/table"; then
    grep -A 20 '^Error' "$scratch/table"
    exit 1
fi
read_table <"$scratch/table" >"$scratch/moved"

# What goes and is replaced by nothing of its own name is of the family if it was installed as such.
rpm -qa --qf '%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\n' | sed 's/ 0:/ /' >"$scratch/all"
awk '$1 == "in" || $1 == "out" { print $2 }' "$scratch/moved" | sort -u >"$scratch/names"
{ cut -d ' ' -f 1 "$scratch/family"; gluster_only <"$scratch/names"; } | sort -u >"$scratch/ours"
while read -r package; do
    from=$(awk -v name="$package" '$1 == name { print $2; exit }' "$scratch/all")
    to=$(awk -v name="$package" '$1 == "in" && $2 == name { print $3; exit }' "$scratch/moved")
    if grep -q -x -F -e "$package" "$scratch/ours"; then
        echo "move $package ${from:--} ${to:--}"
    elif [ -n "$to" ]; then
        echo "change $package"
    else
        echo "remove $package"
    fi
done <"$scratch/names"
echo end
