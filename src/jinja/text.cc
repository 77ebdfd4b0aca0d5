#include "jinja/text.h"

#include <algorithm>

namespace fullstop::jinja {

size_t Text::RunAt(size_t byte) const {
  return static_cast<size_t>(std::upper_bound(runs_.begin(), runs_.end(), byte,
                                              [](size_t value, const Run& run) {
                                                return value < run.begin;
                                              }) -
                             runs_.begin());
}

Origin Text::OriginAt(size_t byte) const {
  if (runs_.empty()) return origin_;
  const size_t run = RunAt(byte);
  return run == 0 ? origin_ : runs_[run - 1].origin;
}

std::vector<OriginSpan> Text::Spans() const {
  std::vector<OriginSpan> spans;
  if (bytes_.empty()) return spans;
  spans.reserve(runs_.size() + 1);
  spans.push_back({0, bytes_.size(), origin_});
  for (const Run& run : runs_) {
    spans.back().end = run.begin;
    spans.push_back({run.begin, bytes_.size(), run.origin});
  }
  return spans;
}

void Text::Append(std::string_view bytes, Origin origin) {
  if (bytes.empty()) return;
  if (bytes_.empty()) {
    origin_ = origin;
  } else if (LastOrigin() != origin) {
    // What has two origins mostly has more.
    if (runs_.empty()) runs_.reserve(4);
    runs_.push_back({bytes_.size(), origin});
  }
  bytes_ += bytes;
}

void Text::Append(const Text& other) {
  if (other.runs_.empty()) {
    Append(other.bytes_, other.origin_);
  } else {
    Append(other, 0, other.size());
  }
}

void Text::Append(const Text& other, size_t begin, size_t end) {
  if (begin >= end) return;
  const std::string_view bytes = other.bytes_;
  if (other.runs_.empty()) {
    Append(bytes.substr(begin, end - begin), other.origin_);
    return;
  }
  size_t run = other.RunAt(begin);
  while (begin < end) {
    const size_t stop =
        run < other.runs_.size() ? std::min(end, other.runs_[run].begin) : end;
    Append(bytes.substr(begin, stop - begin),
           run == 0 ? other.origin_ : other.runs_[run - 1].origin);
    begin = stop;
    ++run;
  }
}

Text Text::Slice(size_t begin, size_t end) const {
  Text slice;
  if (begin >= end) {
    slice.origin_ = begin < size() ? OriginAt(begin) : LastOrigin();
    return slice;
  }
  slice.Append(*this, begin, end);
  return slice;
}

}  // namespace fullstop::jinja
