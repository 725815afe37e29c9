#compdef upscaler-node
_upscaler_node() {
  local line value wants
  local -a candidates
  for line in "${(@f)$(upscaler-node __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    value=${line%%$'\t'*}
    case $value in
      '') ;;
      :files) wants=files ;;
      :folders) wants=folders ;;
      *) candidates+=("${value//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  (( $#candidates )) && _describe 'upscaler-node' candidates
  [[ $PREFIX == --*=* ]] && compset -P '--*='
  [[ $wants == files ]] && _files
  [[ $wants == folders ]] && _files -/
  return 0
}
compdef _upscaler_node upscaler-node
