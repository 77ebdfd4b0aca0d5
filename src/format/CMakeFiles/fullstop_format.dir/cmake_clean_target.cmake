file(REMOVE_RECURSE
  "libfullstop_format.a"
)
