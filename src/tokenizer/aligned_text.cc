#include "tokenizer/aligned_text.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fullstop {
namespace {

using Change = std::pair<ByteRange, ByteRange>;

// Where AT, the start (or the end) of a range, stood before.
size_t PlaceBefore(const std::vector<Change>& changes, size_t at, bool is_end) {
  const auto after = std::upper_bound(changes.begin(), changes.end(), at,
                                      [is_end](size_t value, const Change& c) {
                                        return is_end ? value <= c.first.begin
                                                      : value < c.first.begin;
                                      });
  if (after == changes.begin()) return at;
  const auto& [now, before] = *std::prev(after);
  if (at >= now.end) return before.end + (at - now.end);
  return is_end ? before.end : before.begin;
}

}  // namespace

ByteRange AlignedText::SourceOf(ByteRange range) const {
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const size_t begin = PlaceBefore(*layer, range.begin, false);
    const size_t end = PlaceBefore(*layer, range.end, true);
    range = {begin, std::max(begin, end)};
  }
  return range;
}

void AlignedText::Edits::Replace(ByteRange range,
                                 std::string_view replacement) {
  const std::string_view text = target_->text();
  if (changes_.empty()) next_.reserve(text.size() + text.size() / 2);
  next_ += text.substr(copied_, range.begin - copied_);
  const size_t begin = next_.size();
  next_ += replacement;
  changes_.push_back({{begin, next_.size()}, range});
  copied_ = range.end;
}

void AlignedText::Edits::Commit() {
  if (changes_.empty()) return;
  next_ += target_->text().substr(copied_);
  target_->copy_ = std::move(next_);
  target_->layers_.push_back(std::move(changes_));
}

}  // namespace fullstop
