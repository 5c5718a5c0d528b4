# Prints the claim on this host below the folder $1 (empty on a real one): `none`, or `claim` and its text. At last `end`.
LC_ALL=C
export LC_ALL
claim=$1/var/lib/gluster-upgrade/claim.json
if [ -e "$claim" ] || [ -L "$claim" ]; then
    # It is a line of ours; whatever else it is must not be read without an end.
    text=$(head -c 4096 "$claim") || exit 1
    printf 'claim\n%s\n' "$text"
else
    echo none
fi
echo end
