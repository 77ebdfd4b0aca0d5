// Where replies begin and end in the probes of one template: what markers of
// thoughts and of calls are looked for against.
#ifndef FULLSTOP_PROTOCOL_REPLY_PROBES_H_
#define FULLSTOP_PROTOCOL_REPLY_PROBES_H_

#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/probe.h"

namespace fullstop {

// A marker is at most so long, in bytes.
inline constexpr size_t kMaxMarker = 64;

// The first word in TEXT that is bracketed as markup: <…> or […], with no white
// space within. Empty where there is none.
std::string_view FirstTag(std::string_view text);

// A marker found in bytes [BEGIN, END) of a probe: the first control token that
// SKIP does not name, else the first bracketed word. Empty where there is none.
std::string FirstMarker(const Probe& probe, size_t begin, size_t end,
                        const std::vector<std::string>& skip);

// The form in which a template takes conversations, and how a plain answer and
// a prompt look in it. One thread; PROBER must outlive the object.
class ReplyProbes {
 public:
  // What a plain answer and a prompt look like in one setup.
  struct Plain {
    ProbeSetup setup;
    std::optional<Probe> answer;
    std::optional<Probe> prompt;
  };

  explicit ReplyProbes(Prober* prober);

  // Whether the template writes an answer in any setup; without, nothing else
  // may be asked.
  bool found() const { return base_.answer.has_value(); }
  // Of the first setup in which it does.
  const Plain& base() const { return base_; }
  const std::vector<ProbeSetup>& setups() const { return setups_; }
  Prober& prober() const { return prober_; }
  bool as_parts() const { return as_parts_; }

  // A user's turn and TURNS, perhaps behind a system's.
  nlohmann::ordered_json Conversation(
      std::initializer_list<nlohmann::ordered_json> turns) const;
  // The index of the first of TURNS.
  size_t Reply() const { return system_first_ ? 2 : 1; }
  Plain PlainIn(const ProbeSetup& setup) const;

  // What stands behind the user's turn.
  std::string_view Tail(const Probe& probe) const;
  // Where the reply begins in PROBE: behind all that it shares, from the end of
  // the user's turn on, with plain answers and prompts. Those that differ at
  // once differ in the user's turn, and tell nothing.
  size_t HeaderEnd(const Probe& probe, const Plain& plain) const;
  // What a prompt holds behind the header of the reply, without white space.
  std::string Prefilled(const ProbeSetup& setup) const;
  // What stands between the header of the reply and PLAIN's answer; empty where
  // there is none.
  std::string BeforeAnswer(const Plain& plain) const;
  // What stands behind a plain answer that stands last.
  std::string_view BehindAnswer() const;

 private:
  bool FindBase(const ProbeSetup& setup);
  // How much PROBE's tail shares with the tail of a prompt, which may call the
  // role otherwise: the first word right behind a token.
  size_t SharedWithPrompt(const Probe& probe, std::string_view prompt) const;

  Prober& prober_;
  const std::vector<ProbeSetup> setups_;
  bool system_first_ = false;
  bool as_parts_ = false;
  Plain base_;
};

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_REPLY_PROBES_H_
