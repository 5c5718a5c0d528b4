# Prints the package manager of this host: apt, dnf, yum, zypper, or what the host calls itself.
# dpkg alone proves nothing (Fedora has it as a package), so it has to know itself as installed.
if command -v apt-get >/dev/null && dpkg-query -W dpkg >/dev/null 2>&1; then
    echo apt
    exit 0
fi
# dnf 5 answers to the name dnf and prints other tables.
if command -v dnf >/dev/null && dnf --version 2>/dev/null | head -n 1 | grep -q '^dnf5'; then
    echo dnf5
    exit 0
fi
for manager in dnf yum zypper; do
    if command -v "$manager" >/dev/null; then
        echo "$manager"
        exit 0
    fi
done
name=$(sed -n 's/^ID=//p' /etc/os-release 2>/dev/null | tr -d '"')
echo "none on ${name:-an unknown system}"
