#include "data/predicted_row.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "data/trainer_template.h"

namespace fullstop {
namespace {

struct Piece {
  TokenId id = 0;
  size_t place = 0;
};

struct Pair {
  std::vector<Piece> given;
  std::vector<Piece> written;
  bool trained = true;
  // The label of the first id that is given is the row's end.
  bool ends_before = false;
};

// How many ids of a pair's two sides are left of ROOM.
std::pair<size_t, size_t> Fit(size_t given, size_t written, size_t room) {
  size_t most = 0;
  if (written * 2 < room) {
    most = room;
  } else if (given * 2 < room) {
    most = room - given;
  } else {
    // In the trainer's floating point, whose product may lie below a whole one.
    const double share =
        static_cast<double>(written) / static_cast<double>(given + written);
    most = static_cast<size_t>(static_cast<double>(room) * share);
  }
  const size_t kept = std::min(most, written);
  return {std::min(room - kept, given), kept};
}

bool IsWhiteSpace(const RenderedPrompt& prompt, size_t at) {
  const ByteRange& source = prompt.ids[at].source;
  return source.begin < source.end &&
         std::string_view(prompt.text)
                 .substr(source.begin, source.end - source.begin)
                 .find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::vector<Pair> PairsOf(const LabelledRow& row, const TrainerEnds& ends) {
  const std::vector<EncodedToken>& ids = row.prompt.ids;
  std::vector<Pair> pairs;
  size_t begin = 0;
  for (size_t i = 0; i < row.turns.size(); ++i) {
    const WrittenTurn& turn = row.turns[i];
    Pair& pair = pairs.emplace_back();
    const auto take = [&](std::vector<Piece>* into, size_t end) {
      for (; begin < end; ++begin) into->push_back({ids[begin].id, begin});
    };
    take(&pair.given, turn.begin);
    take(&pair.written, ends.turn ? turn.stop.value_or(turn.end) : turn.end);
    if (ends.turn) {
      const size_t place = std::min(begin, ids.size() - 1);
      for (const TokenId id : *ends.turn) pair.written.push_back({id, place});
      // Where it writes none, the model's is what others say next.
      if (ends.turn->empty()) continue;
    }
    begin = turn.end;
    const size_t next =
        i + 1 < row.turns.size() ? row.turns[i + 1].begin : ids.size();
    size_t behind = begin;
    while (behind < next && IsWhiteSpace(row.prompt, behind)) ++behind;
    take(&pair.written, behind);
  }
  return pairs;
}

}  // namespace

TrainerEnds EndsOf(const TrainerSettings& settings,
                   const TurnProtocol& protocol) {
  TrainerEnds ends;
  const TrainerTemplate* own = FindTrainerTemplate(settings.template_name);
  if (own == nullptr) return ends;
  const Tokenizer& tokenizer = *protocol.tokenizer();
  const auto id_of = [&tokenizer](std::string_view text) {
    return tokenizer.FindToken(text).value_or(
        static_cast<TokenId>(tokenizer.size()));
  };
  ends.turn.emplace();
  if (!own->end.empty()) ends.turn->push_back(id_of(own->end));
  if (own->efficient_eos) {
    const NamedToken* eos = protocol.facts().FindNamed("eos");
    // What the trainer gives a tokenizer that has none.
    ends.row = eos != nullptr ? eos->id : id_of("<|endoftext|>");
  }
  return ends;
}

PredictedRow Predict(const LabelledRow& row, const TrainerSettings& settings,
                     const TrainerEnds& ends) {
  std::vector<Pair> pairs = PairsOf(row, ends);
  // The last turn is to have room first where it alone is trained.
  if (settings.mask_history) std::ranges::reverse(pairs);
  PredictedRow made;
  size_t room = settings.cutoff;
  if (ends.row && room > 0) --room;
  for (Pair& pair : pairs) {
    const size_t given = pair.given.size();
    const size_t written = pair.written.size();
    // A pair for which there is no room at all is left out.
    const auto [kept_given, kept_written] =
        room == 0 ? std::pair<size_t, size_t>{} : Fit(given, written, room);
    room -= kept_given + kept_written;
    made.ids_cut += given + written - kept_given - kept_written;
    const bool first = &pair == pairs.data();
    if (kept_written < written) {
      ++made.ends_cut;
      const bool last = first || !settings.mask_history;
      made.ended_behind_cut |= ends.row && last && kept_written > 0;
    }
    pair.given.resize(kept_given);
    pair.written.resize(kept_written);
    pair.trained = !settings.mask_history || first;
    pair.ends_before = ends.row && !first;
  }
  if (settings.mask_history) std::ranges::reverse(pairs);
  const auto take = [&made](const std::vector<Piece>& pieces, bool trained) {
    for (const Piece& piece : pieces) {
      made.row.ids.push_back(piece.id);
      made.row.labels.push_back(trained ? piece.id : kNotTrained);
      made.places.push_back(piece.place);
    }
  };
  for (const Pair& pair : pairs) {
    const size_t begin = made.row.labels.size();
    take(pair.given, settings.train_on_prompt);
    if (pair.ends_before && !pair.given.empty()) {
      made.row.labels[begin] = *ends.row;
    }
    take(pair.written, pair.trained);
  }
  if (ends.row) {
    made.row.ids.push_back(*ends.row);
    made.row.labels.push_back(*ends.row);
  }
  return made;
}

}  // namespace fullstop
