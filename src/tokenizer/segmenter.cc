#include "tokenizer/segmenter.h"

#include <limits>
#include <utility>

#include "base/error.h"

namespace fullstop {

Segmenter::Segmenter(const std::vector<PreTokenizerStep>& steps) {
  // Split steps in a row share one splitter.
  std::vector<SplitStep> splits;
  const auto finish = [this, &splits] {
    if (!splits.empty()) stages_.emplace_back(Splitter(splits));
    splits.clear();
  };
  for (const PreTokenizerStep& step : steps) {
    if (const auto* split = std::get_if<SplitStep>(&step)) {
      splits.push_back(*split);
      continue;
    }
    finish();
    const auto& space = std::get<SpaceStep>(step);
    stages_.emplace_back(Space{std::string(space.mark), space.prefix});
  }
  finish();
}

void Segmenter::Rewrite(const Space& space, size_t offset, AlignedText* text,
                        std::vector<PieceRange>* pieces) {
  const std::string_view source = text->text();
  AlignedText::Edits edits(text);
  size_t grown = 0;
  for (PieceRange& piece : *pieces) {
    const size_t begin = piece.begin;
    const size_t end = piece.end;
    piece.begin = static_cast<uint32_t>(begin + grown);
    if (piece.id < 0) {
      const std::string_view old = source.substr(begin, end - begin);
      const bool has_mark = old.starts_with(space.mark) || old.starts_with(' ');
      const bool may_begin =
          space.prefix == SpacePrefix::kAlways ||
          (space.prefix == SpacePrefix::kFirst &&
           text->SourceOf({begin, begin + 1}).begin + offset == 0);
      if (!has_mark && may_begin) {
        edits.Replace({begin, begin}, space.mark);
        grown += space.mark.size();
      }
      for (size_t at = old.find(' ');
           space.mark != " " && at != std::string_view::npos;
           at = old.find(' ', at + 1)) {
        edits.Replace({begin + at, begin + at + 1}, space.mark);
        grown += space.mark.size() - 1;
      }
    }
    if (end + grown >= std::numeric_limits<uint32_t>::max()) {
      throw Error::Limit("a text of 4 GiB or more cannot be encoded at once");
    }
    piece.end = static_cast<uint32_t>(end + grown);
  }
  edits.Commit();
}

void Segmenter::Cut(size_t offset, AlignedText* text,
                    std::vector<PieceRange>* pieces) const {
  for (const auto& stage : stages_) {
    if (const auto* splitter = std::get_if<Splitter>(&stage)) {
      splitter->Split(text->text(), pieces);
    } else {
      Rewrite(std::get<Space>(stage), offset, text, pieces);
    }
  }
}

}  // namespace fullstop
