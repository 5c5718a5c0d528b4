# Tells which ports glusterd gives to bricks, the firewall's rules, and how the pool's names resolve. Reads only.
# Prints `port base|max NUMBER`, `transport WORD`, `name NAME ADDRESS` and `unresolved NAME`, then `nft`, `iptables`,
# `no-firewall` or `unreadable WHY` and all lines of the firewall's rules, each after `rules `, and at last `end`.
LC_ALL=C
export LC_ALL

volfile=/etc/glusterfs/glusterd.vol
if [ -r "$volfile" ]; then
    sed -n 's/^[[:space:]]*option[[:space:]][[:space:]]*\(base\|max\)-port[[:space:]][[:space:]]*\([0-9][0-9]*\)[[:space:]]*$/port \1 \2/p' "$volfile"
    sed -n 's/^[[:space:]]*option[[:space:]][[:space:]]*transport-type[[:space:]][[:space:]]*\([a-z,]*\)[[:space:]]*$/\1/p' "$volfile" |
        tr ',' '\n' | sed -n 's/^\([a-z][a-z]*\)$/transport \1/p'
fi

# Names that peers and bricks go by. `hostname` lines of peers and of bricks' files, without what no name holds.
cat /var/lib/glusterd/peers/* /var/lib/glusterd/vols/*/bricks/* 2>/dev/null |
    sed -n 's/^hostname[0-9]*=\([A-Za-z0-9._:-]*\)$/\1/p' | sort -u |
    while read -r name; do
        addresses=$(getent ahosts "$name" 2>/dev/null | awk '{ print $1 }' | sort -u)
        if [ -z "$addresses" ]; then echo "unresolved $name"; continue; fi
        for address in $addresses; do echo "name $name $address"; done
    done

# The kernel has one set of rules that both programs can show; old hosts have the older program only.
if command -v nft >/dev/null; then
    if rules=$(nft -j list ruleset 2>&1); then
        echo nft
        printf '%s\n' "$rules" | sed 's/^/rules /'
    else
        echo "unreadable nft: $(printf '%s\n' "$rules" | head -n 1)"
    fi
elif command -v iptables-save >/dev/null; then
    if rules=$(iptables-save -t filter 2>&1); then
        echo iptables
        printf '%s\n' "$rules" | sed 's/^/rules /'
    else
        echo "unreadable iptables-save: $(printf '%s\n' "$rules" | head -n 1)"
    fi
else
    echo no-firewall
fi
echo end
