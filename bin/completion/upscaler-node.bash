_upscaler_node() {
  local current=${COMP_WORDS[COMP_CWORD]} line value
  [[ $current == '=' ]] && current=
  COMPREPLY=()
  while IFS= read -r line; do
    value=${line%%$'\t'*}
    case $value in
      :files)
        compopt -o filenames
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$current")
        ;;
      :folders)
        compopt -o filenames
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "$current")
        ;;
      *)
        COMPREPLY+=("$value")
        ;;
    esac
  done < <(upscaler-node __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _upscaler_node upscaler-node
