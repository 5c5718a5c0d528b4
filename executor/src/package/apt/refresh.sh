# Fetches the package indexes anew.
# An index that cannot be fetched is an error here: what would be installed from the old one is not what is on offer.
trap '' HUP PIPE
left=30
while :; do
    said=$(apt-get -q update -o APT::Update::Error-Mode=any </dev/null 2>&1) && exit 0
    status=$?
    # Another apt holds the lists, mostly a timer's. apt waits for dpkg's lock by itself, for this one it does not.
    case $said in
    *'Could not get lock'* | *'Unable to lock directory'*) ;;
    *) break ;;
    esac
    [ "$left" -gt 0 ] || break
    left=$((left - 1))
    sleep 10
done
printf '%s\n' "$said" | grep -e '^E:' -e '^W:' -e '^Err:'
exit "$status"
