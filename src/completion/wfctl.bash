_PROGRAM() {
    local IFS=$'\013' line=${COMP_LINE:0:COMP_POINT} at word offer
    local -a words=()
    for ((at = 0; at < COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        if ((at == 0)) || [[ $line == [[:space:]]* ]]; then
            words+=("$word")
        else
            words[${#words[@]}-1]+=$word
        fi
        line=${line#*"$word"}
    done
    if [[ $line == [[:space:]]* ]]; then
        words+=("${line#"${line%%[![:space:]]*}"}")
    else
        words[${#words[@]}-1]+=$line
    fi
    local last=$((${#words[@]} - 1))
    COMPREPLY=($(VARIABLE=bash _CLAP_IFS="$IFS" _CLAP_COMPLETE_INDEX="$last" ASKED -- "${words[@]}" 2> /dev/null))
    # What stands before the part that bash asks for stays where it is.
    local before=${words[last]%"$2"}
    for at in "${!COMPREPLY[@]}"; do
        COMPREPLY[at]=${COMPREPLY[at]#"$before"}
    done
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=:/] ]]; then
        compopt -o nospace 2> /dev/null
    fi
}
complete -o bashdefault -o nosort -F _PROGRAM PROGRAM 2> /dev/null || complete -o bashdefault -F _PROGRAM PROGRAM
