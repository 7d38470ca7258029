# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# virtrust-directory as the judge of proofs: its configuration, its questions, and what it makes of $gss and $mic. The
# answer of the last question lies in $LAB_TMP/answer, what it says of itself in $stderr.

program=$LAB_BIN/virtrust-directory
[ -x "$program" ] || lab_skip "virtrust-directory is not built: $program"
state=$LAB_TMP/state
stderr=$LAB_TMP/stderr
mkdir -p "$state"

configure() {
    cat > "$LAB_TMP/virtrust.yaml" << END
paths:
  state: $state
domains:
  - name: $LAB_DOMAIN
    base: $LAB_OU
    principal: $LAB_SVC@$LAB_REALM
    keytab: ${1:-$LAB_KEYTAB}
    service: ${2:-$service}
    dcs: [$LAB_DC]
END
}

request() {
    printf 'type=%s\nv=1\n' "$1"
    shift
    printf '%s\n' "$@" ''
}

ask() {
    request "$1" "domain=$LAB_DOMAIN" "${@:2}" |
        timeout 90 ${faketime-} "$program" --config "$LAB_TMP/virtrust.yaml" > "$LAB_TMP/answer" 2>> "$stderr"
}

answer() {
    sed -n "s/^$1=//p" "$LAB_TMP/answer"
}

says() {
    local line
    for line in "$@"; do
        grep -qxF -- "$line" "$LAB_TMP/answer" || {
            sed 's/^/# /' "$LAB_TMP/answer" | cut -c1-300
            return 1
        }
    done
}

# challenge GUEST: $nonce and $target.
challenge() {
    ask challenge "guest=$1" && says type=challenge "guest=$1" || return 1
    nonce=$(answer nonce)
    target=$(answer target)
}

# verify GUEST [KEY=VALUE...]
verify() {
    ask attest "guest=$1" "nonce=$nonce" "target=$target" "gss=$gss" "mic=$mic" "${@:2}"
}

# refused RULE GUEST [KEY=VALUE...]
refused() {
    verify "${@:2}" && says type=attested result=refused "rule=$1"
}

# use_aes: the delegated account's tickets are AES, as virtrust-directory(8) asks for.
use_aes() {
    printf 'dn: CN=%s,CN=Users,%s\nchangetype: modify\nreplace: %s\n%s: 24\n' "$LAB_SVC" "$LAB_BASE_DN" \
        msDS-SupportedEncryptionTypes{,} | ldbmodify -H "$LAB/dc/private/sam.ldb" > /dev/null
}
