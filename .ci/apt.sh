# Debian's package manager, asked politely: sourced by the scripts beside it.

say() { echo "sipas: $*" >&2; }

may_install() { ((EUID == 0)) && [[ ${APT:-} != no ]] && command -v apt-get >/dev/null; }

install_command() {
    local sudo=''
    ((EUID == 0)) || sudo='sudo '
    echo "${sudo}apt-get install $*"
}

# Install packages; the lists are read again once, and a lock held by someone else is waited for.
apt_install() {
    local log attempt
    log=$(mktemp)
    say "installing Debian's packages: $* (APT=no leaves them)"
    for attempt in 1 2 3 4 5 6; do
        if apt-get -q update >"$log" 2>&1 || ! grep -q 'Could not get lock' "$log"; then break; fi
        say "apt is in use; attempt $attempt of 6"
        sleep 10
    done
    if ! DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get -q -y \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
        --no-install-recommends install "$@" >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
