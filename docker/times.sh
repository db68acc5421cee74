# Gives what a step of a build makes one time, SOURCE_DATE_EPOCH in seconds, so that equal input makes equal layers. What stands
# in the layers below is left alone: a file that is touched is kept twice. What is new is told by a list of before and not by
# its time: a clock may be set back while an image is built.
listed() {
  find /opt /workspace -printf '%T@ %p\n' | LC_ALL=C sort
}
note_times() {
  listed > /tmp/times
}
settle_times() {
  listed | LC_ALL=C comm -13 /tmp/times - | cut -d ' ' -f 2- | tr '\n' '\0' |
    xargs -0 --no-run-if-empty touch --no-dereference --date="@$SOURCE_DATE_EPOCH"
}
