#include "data/predicted_row.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace fullstop {
namespace {

// Ids [begin, middle) are given, [middle, end) written.
struct Pair {
  size_t begin = 0;
  size_t middle = 0;
  size_t end = 0;
  size_t given = 0;  // how many of those given are kept, the first
  bool trained = true;
};

// How many ids of a pair's two sides are left of ROOM.
std::pair<size_t, size_t> Fit(size_t given, size_t written, size_t room) {
  size_t most = 0;
  if (written * 2 < room) {
    most = room;
  } else if (given * 2 < room) {
    most = room - given;
  } else {
    most = room * written / (given + written);
  }
  const size_t kept = std::min(most, written);
  return {std::min(room - kept, given), kept};
}

std::vector<Pair> PairsOf(const LabelledRow& row) {
  std::vector<Pair> pairs;
  size_t begin = 0;
  for (const WrittenTurn& turn : row.turns) {
    pairs.push_back({.begin = begin, .middle = turn.begin, .end = turn.end});
    begin = turn.end;
  }
  return pairs;
}

}  // namespace

PredictedRow Predict(const LabelledRow& row, const TrainerSettings& settings) {
  std::vector<Pair> pairs = PairsOf(row);
  // The last turn is to have room first where it alone is trained.
  if (settings.mask_history) std::ranges::reverse(pairs);
  PredictedRow made;
  size_t room = settings.cutoff;
  for (Pair& pair : pairs) {
    const size_t given = pair.middle - pair.begin;
    const size_t written = pair.end - pair.middle;
    // A pair for which there is no room at all is left out.
    const auto [kept_given, kept_written] =
        room == 0 ? std::pair<size_t, size_t>{} : Fit(given, written, room);
    room -= kept_given + kept_written;
    made.ids_cut += given + written - kept_given - kept_written;
    if (kept_written < written) ++made.ends_cut;
    pair.given = kept_given;
    pair.end = pair.middle + kept_written;
    pair.trained = !settings.mask_history || &pair == pairs.data();
  }
  if (settings.mask_history) std::ranges::reverse(pairs);
  const auto take = [&](size_t begin, size_t end, bool trained) {
    for (size_t i = begin; i < end; ++i) {
      const TokenId id = row.prompt.ids[i].id;
      made.row.ids.push_back(id);
      made.row.labels.push_back(trained ? id : kNotTrained);
      made.places.push_back(i);
    }
  };
  for (const Pair& pair : pairs) {
    take(pair.begin, pair.begin + pair.given, settings.train_on_prompt);
    take(pair.middle, pair.end, pair.trained);
  }
  return made;
}

}  // namespace fullstop
