"""What `sidelight shell-init` prints: a few lines for a person's interactive shell. Pure text.

They look at each command line with nothing but the shell's own pattern matching, and hand those that may lose work over
in the background; the prompt never waits. In a shell that an agent program started they do nothing.
"""

from __future__ import annotations

import shlex

#: The programs whose command lines are handed over.
PROGRAMS = ("git", "rm", "gh", "pkill", "kill", "killall")

_AGENTS = ("CLAUDECODE", "CODEX_SESSION_ID", "CODEX_THREAD_ID", "GEMINI_CLI", "COPILOT_AGENT_SESSION_ID", "OPENCODE")

_POSIX = """\
# sidelight shell-init @SHELL@
case $- in *i*)
if [ -z "@AGENTS@" ]; then
    export SIDELIGHT_SHELL="shell-${USER:-${LOGNAME:-me}}-$$"
    __sidelight_number=0
    __sidelight_open=
    __sidelight_before() {
        case $1 in @PATTERNS@)
            __sidelight_number=$((__sidelight_number + 1))
            __sidelight_open="$__sidelight_open $__sidelight_number"
            ( printf '%s' "$1" | @COMMAND@ shell-line before "$__sidelight_number" >&2 2>/dev/null & )
            ;;
        esac
    }
    __sidelight_after() {
        __sidelight_status=$?
        if [ -n "$__sidelight_open" ]; then
            ( @COMMAND@ shell-line after "$__sidelight_open" </dev/null >&2 2>/dev/null & )
            __sidelight_open=
        fi
        return $__sidelight_status
    }
@HOOKS@
fi
;; esac
"""

_BASH = """\
    if declare -p preexec_functions >/dev/null 2>&1; then
        preexec_functions+=(__sidelight_before)
        precmd_functions+=(__sidelight_after)
    elif [ -z "$(trap -p DEBUG)" ]; then
        __sidelight_debug() {
            local status=$?
            if [ -z "${COMP_LINE-}$__sidelight_busy" ]; then __sidelight_before "$BASH_COMMAND"; fi
            return $status
        }
        __sidelight_prompt() { local status=$?; __sidelight_busy=1; (exit $status); __sidelight_after; }
        __sidelight_busy=
        trap '__sidelight_debug' DEBUG
        PROMPT_COMMAND="__sidelight_prompt${PROMPT_COMMAND:+; $PROMPT_COMMAND}; __sidelight_busy="
    fi"""

_ZSH = """\
    autoload -Uz add-zsh-hook
    add-zsh-hook preexec __sidelight_before
    add-zsh-hook precmd __sidelight_after"""

_FISH = """\
# sidelight shell-init fish
if status is-interactive; and test -z "@AGENTS@"
    set -gx SIDELIGHT_SHELL "shell-$USER-$fish_pid"
    set -g __sidelight_number 0
    set -g __sidelight_open
    function __sidelight_before --on-event fish_preexec
        if string match -qr '@PATTERNS@' -- $argv[1]
            set -g __sidelight_number (math $__sidelight_number + 1)
            set -ga __sidelight_open $__sidelight_number
            printf '%s' $argv[1] | @COMMAND@ shell-line before $__sidelight_number >&2 2>/dev/null &
            disown 2>/dev/null
        end
    end
    function __sidelight_after --on-event fish_postexec
        if test -n "$__sidelight_open"
            @COMMAND@ shell-line after "$__sidelight_open" </dev/null >&2 2>/dev/null &
            disown 2>/dev/null
            set -g __sidelight_open
        end
    end
end
"""


def script(shell: str, command: str) -> str:
    """The lines for `bash`, `zsh` or `fish`; `command` is the `sidelight` to run."""
    programs = "|".join(PROGRAMS)
    places = {
        "SHELL": shell,
        "COMMAND": shlex.quote(command),
        "HOOKS": _BASH if shell == "bash" else _ZSH,
        "PATTERNS": "|".join(f"{program}\\ *|*[\\ \\;\\&\\|\\(]{program}\\ *" for program in PROGRAMS),
        "AGENTS": "".join(f"${{{name}-}}" for name in _AGENTS),
    }
    if shell == "fish":
        places |= {"PATTERNS": rf"(^|[;&|(\s])({programs})\s", "AGENTS": "".join(f"${name}" for name in _AGENTS)}
    text = _FISH if shell == "fish" else _POSIX
    for name, value in places.items():
        text = text.replace(f"@{name}@", value)
    return text
