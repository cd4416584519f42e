#compdef PROGRAM
_PROGRAM() {
    local offer word
    local -a offers done going
    offers=("${(@f)$(VARIABLE=zsh _CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((CURRENT - 1)) ASKED -- "${words[@]}" 2> /dev/null)}")
    for offer in $offers; do
        # Behind the first colon that is not escaped stands what is said of the word.
        word=${${offer//\\:/$'\a'}%%:*}
        if [[ $word == *[=/$'\a'] ]]; then
            going+=("$offer")
        else
            done+=("$offer")
        fi
    done
    (($#going)) && _describe -V values going -S ''
    (($#done)) && _describe -V values done
}
# In a file of the function path this is what is called, once: to define the function, and to answer.
if [[ $funcstack[1] == _PROGRAM ]]; then
    _PROGRAM "$@"
else
    compdef _PROGRAM PROGRAM
fi
