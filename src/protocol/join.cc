#include "protocol/join.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

std::string Name(const Tokenizer& tokenizer, TokenId id) {
  return std::string(tokenizer.info(id).text) + " (" + std::to_string(id) + ")";
}

bool InRange(const Tokenizer& tokenizer, int64_t id) {
  return id >= 0 && static_cast<uint64_t>(id) < tokenizer.size();
}

// All that is said of one id.
struct Said {
  // By files: a role, or only that it is an end.
  std::optional<StopRole> declared_role;
  bool declared = false;
  std::optional<StopRole> derived_role;
  std::vector<Source> from;
};

std::optional<StopRole> First(std::optional<StopRole> a, StopRole b) {
  return a ? std::min(*a, b) : b;
}

// The most authoritative first.
void AddSource(Source source, Said* said) {
  const auto place =
      std::upper_bound(said->from.begin(), said->from.end(), source,
                       [](const Source& a, const Source& b) {
                         return a.provenance < b.provenance;
                       });
  said->from.insert(place, std::move(source));
}

// IS_INSIDE: whether replies write it on their way.
StopRole RoleOf(const Said& said, bool is_inside) {
  const bool ends_turn = said.derived_role == StopRole::kTurnEnd ||
                         said.derived_role == StopRole::kToolCall;
  if (is_inside && !ends_turn) return StopRole::kSection;
  std::optional<StopRole> role = said.declared_role;
  if (said.derived_role &&
      (said.derived_role != StopRole::kTurnOpen || !said.declared)) {
    role = First(role, *said.derived_role);
  }
  return role.value_or(StopRole::kSequenceEnd);
}

// Lower-case letters and digits of a token's name, its words run together;
// "</s>" gives "/s".
std::string PlainName(std::string_view text) {
  if (text == "</s>") return "/s";
  std::string plain;
  for (const unsigned char c : text) {
    if (std::isalnum(c) != 0) plain += static_cast<char>(std::tolower(c));
  }
  return plain;
}

bool IsNamedAs(StopRole role, std::string_view text) {
  constexpr std::array<std::string_view, 8> kSequenceEnds = {
      "/s",        "eos",           "eostoken", "eosid",
      "endoftext", "endofsentence", "eod",      "endofsequence"};
  constexpr std::array<std::string_view, 4> kToolTurnEnds = {
      "eom", "eomid", "eomtoken", "endofmessage"};
  const std::string name = PlainName(text);
  if (role == StopRole::kSequenceEnd) {
    return std::find(kSequenceEnds.begin(), kSequenceEnds.end(), name) !=
           kSequenceEnds.end();
  }
  return std::find(kToolTurnEnds.begin(), kToolTurnEnds.end(), name) !=
         kToolTurnEnds.end();
}

class StopJoiner {
 public:
  StopJoiner(const JoinInput& input, std::vector<Finding>* findings)
      : input_(input), findings_(*findings) {}

  StopSet Join() {
    for (const DeclaredStop& stop : input_.sources.stops) Declare(stop);
    for (const DerivedStop& stop : input_.derived.stops) {
      Said& said = said_[stop.id];
      said.derived_role = First(said.derived_role, stop.role);
      AddSource({Provenance::kDerived, stop.where, stop.template_name}, &said);
    }
    StopSet set;
    for (const auto& [id, said] : said_) {
      set.stops.push_back({id, std::string(input_.tokenizer.info(id).text),
                           RoleOf(said, input_.derived.inside.contains(id)),
                           said.from});
    }
    if (!HasEnd(set)) UseStrings(&set);
    ReportDeclared();
    ReportDerived(set);
    Guess(StopRole::kSequenceEnd, "a sequence end", &set);
    Guess(StopRole::kToolCall, "a tool-turn end", &set);
    ReportSuppressed(set);
    return set;
  }

 private:
  void Report(FindingKind kind, std::string message, std::string evidence) {
    findings_.push_back({kind, std::move(message), std::move(evidence)});
  }

  void Declare(const DeclaredStop& stop) {
    if (!InRange(input_.tokenizer, stop.id)) {
      Report(FindingKind::kOutOfRange,
             stop.from.where + " declares an end that the vocabulary of " +
                 std::to_string(input_.tokenizer.size()) +
                 " tokens does not have",
             stop.from.where + " = " + std::to_string(stop.id));
      return;
    }
    Said& said = said_[static_cast<TokenId>(stop.id)];
    said.declared = true;
    if (stop.role) said.declared_role = First(said.declared_role, *stop.role);
    AddSource(stop.from, &said);
  }

  void UseStrings(StopSet* set) {
    set->strings = input_.derived.strings;
    for (const std::string& string : set->strings) {
      Report(FindingKind::kTextStop,
             "no token ends a turn: the next turn's text does",
             nlohmann::json(string).dump(
                 -1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
  }

  void ReportDeclared() {
    if (input_.derived.nothing_rendered) return;
    for (const auto& [id, said] : said_) {
      if (!said.declared) continue;
      if (!input_.written.contains(id)) {
        Report(FindingKind::kDeclaredNotWritten,
               Name(input_.tokenizer, id) +
                   " is declared as an end, but the template never writes it",
               said.from.front().where);
      } else if (RoleOf(said, input_.derived.inside.contains(id)) ==
                 StopRole::kSection) {
        Report(FindingKind::kSection,
               Name(input_.tokenizer, id) +
                   " is declared as an end, but only separates sections of a "
                   "reply: it ends an answer, not a thought",
               said.from.front().where);
      }
    }
  }

  void ReportDerived(const StopSet& set) {
    const bool has_turn_end = std::any_of(
        set.stops.begin(), set.stops.end(),
        [](const Stop& stop) { return stop.role == StopRole::kTurnEnd; });
    // A section's end is the answer's where the last answer ends so.
    const bool sections_count =
        !has_turn_end && !input_.derived.prompts_unasked;
    for (const Stop& stop : set.stops) {
      const bool is_end = stop.role == StopRole::kTurnEnd ||
                          stop.role == StopRole::kToolCall ||
                          (stop.role == StopRole::kSection && sections_count);
      if (IsDeclared(stop) || !is_end) continue;
      const char* what =
          stop.role == StopRole::kToolCall ? "a call" : "an answer";
      Report(FindingKind::kWrittenNotDeclared,
             std::string("the template ends ") + what + " with " +
                 Name(input_.tokenizer, stop.id) +
                 ", which no file declares as an end",
             stop.from.front().where);
    }
  }

  void Guess(StopRole role, const char* what, StopSet* set) {
    for (const Stop& stop : set->stops) {
      if (stop.role == role) return;
    }
    for (const SpecialToken& token : input_.specials) {
      if (token.kind != TokenKind::kControl || !IsNamedAs(role, token.text) ||
          set->Find(token.id) != nullptr ||
          input_.derived.inside.contains(token.id)) {
        continue;
      }
      const Stop stop = {token.id,
                         token.text,
                         role,
                         {{Provenance::kGuessed, "the token's name"}}};
      const auto place =
          std::find_if(set->stops.begin(), set->stops.end(),
                       [&](const Stop& other) { return other.id > token.id; });
      set->stops.insert(place, stop);
      Report(FindingKind::kGuess,
             Name(input_.tokenizer, token.id) + " is taken for " + what +
                 " by its name alone",
             token.text);
    }
  }

  void ReportSuppressed(const StopSet& set) {
    for (const int64_t id : input_.sources.suppressed) {
      if (!InRange(input_.tokenizer, id)) continue;
      const Stop* stop = set.Find(static_cast<TokenId>(id));
      if (stop == nullptr) continue;
      Report(FindingKind::kSuppressed,
             Name(input_.tokenizer, stop->id) +
                 " is an end, but the files forbid it to be sampled",
             "tokenizer.ggml.suppress_tokens");
    }
  }

  const JoinInput& input_;
  std::vector<Finding>& findings_;
  std::map<TokenId, Said> said_;
};

}  // namespace

bool HasEnd(const StopSet& set) {
  return !set.strings.empty() ||
         std::any_of(set.stops.begin(), set.stops.end(), [](const Stop& stop) {
           return stop.role != StopRole::kTurnOpen;
         });
}

StopSet JoinStops(const JoinInput& input, std::vector<Finding>* findings) {
  return StopJoiner(input, findings).Join();
}

void OverrideStops(std::string_view text, const Tokenizer& tokenizer,
                   StopSet* stops, std::vector<Finding>* findings) {
  const auto usage = [&](const std::string& what) {
    return Error::Usage(what).Advice("give --stops +ID,-ID, for example +2,-0");
  };
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    TokenId id = 0;
    const bool has_sign = item.starts_with('+') || item.starts_with('-');
    const std::string_view digits = has_sign ? item.substr(1) : "";
    const auto read =
        std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() ||
        id < 0) {
      throw usage("'" + std::string(item) + "' in --stops is no +ID or -ID");
    }
    const auto place =
        std::find_if(stops->stops.begin(), stops->stops.end(),
                     [&](const Stop& stop) { return stop.id >= id; });
    const bool found = place != stops->stops.end() && place->id == id;
    if (item[0] == '-') {
      if (!found) {
        throw usage("--stops takes away " + std::to_string(id) +
                    ", which is no stop");
      }
      findings->push_back({FindingKind::kRemark,
                           Name(tokenizer, id) + " was taken away by --stops",
                           std::string(item)});
      stops->stops.erase(place);
    } else if (!InRange(tokenizer, id)) {
      throw usage("--stops adds " + std::to_string(id) +
                  ", but the vocabulary has " +
                  std::to_string(tokenizer.size()) + " tokens");
    } else if (found) {
      place->from.push_back({Provenance::kUser, "--stops"});
    } else {
      stops->stops.insert(place, {id,
                                  std::string(tokenizer.info(id).text),
                                  StopRole::kTurnEnd,
                                  {{Provenance::kUser, "--stops"}}});
    }
  }
}

}  // namespace fullstop
