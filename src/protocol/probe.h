// Renderings of made-up conversations, whose every field can be found again by
// its origin: the evidence from which ends and markers are derived.
#ifndef FULLSTOP_PROTOCOL_PROBE_H_
#define FULLSTOP_PROTOCOL_PROBE_H_

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/template.h"
#include "protocol/facts.h"
#include "protocol/token_scan.h"

namespace fullstop {

// One part of a probe's rendering: a control token that the template wrote, or
// bytes that came from elsewhere.
struct ProbePart {
  size_t begin = 0;
  size_t end = 0;
  // Of a control token; absent for content.
  std::optional<TokenId> id;
  // Of content from a message: its index and field. kNone for other content.
  static constexpr size_t kNone = static_cast<size_t>(-1);
  size_t message = kNone;
  std::string field;
};

struct Probe {
  std::string text;
  std::vector<ProbePart> parts;  // ascending; text between them is left out

  // The first content of MESSAGE whose field begins with FIELD; nullopt where
  // the template did not write it.
  std::optional<size_t> Find(size_t message, std::string_view field) const;
  // The first content of MESSAGE that is its thought, by whatever name.
  std::optional<size_t> FindThought(size_t message) const;
  // The end of call CALL's own content in MESSAGE. Its name counts the first
  // time it was written, since a template may repeat it in the header of the
  // call's result; names of arguments count again (a closing tag repeats them).
  std::optional<size_t> FindCall(size_t message, size_t call) const;
  // The control ids behind part AT up to the next content; content of the same
  // message that follows without one is passed over.
  std::vector<TokenId> RunBehind(size_t at) const;
  // The index of the content that ends that run, or parts.size().
  size_t ContentBehind(size_t at) const;
  std::vector<TokenId> IdsBetween(size_t begin_byte, size_t end_byte) const;
};

// What is tried: tools or none, documents or none, and variables of the
// template's own.
struct ProbeSetup {
  nlohmann::ordered_json tools;
  nlohmann::ordered_json documents;
  nlohmann::ordered_json variables = nlohmann::ordered_json::object();
  std::string description;  // "with tools, builtin_tools = true"
};

// Renders probes with one template; what the template refuses is nullopt. Keeps
// count of what all renderings showed. One thread.
class Prober {
 public:
  // All must outlive the object.
  Prober(const jinja::Template& compiled, const std::vector<NamedToken>& named,
         const TokenScanner& scanner)
      : template_(compiled), named_(named), scanner_(scanner) {}

  std::optional<Probe> Try(const nlohmann::ordered_json& messages,
                           const ProbeSetup& setup,
                           bool add_generation_prompt = false);

  const jinja::Template& compiled() const { return template_; }
  // All control ids that any rendering held in template bytes.
  const std::set<TokenId>& written() const { return written_; }
  size_t rendered() const { return rendered_; }
  // Why the last refused probe was refused.
  const std::string& refusal() const { return refusal_; }
  // A template met a bound: nothing more is tried.
  bool gave_up() const { return gave_up_; }

 private:
  const jinja::Template& template_;
  const std::vector<NamedToken>& named_;
  const TokenScanner& scanner_;
  std::set<TokenId> written_;
  size_t rendered_ = 0;
  std::string refusal_;
  bool gave_up_ = false;
};

// The messages that probes are made of. What a user, a system or an answer says
// is text, unless AS_PARTS: a list of one part.
nlohmann::ordered_json ProbeSystem(bool as_parts);
nlohmann::ordered_json ProbeUser(bool as_parts);
nlohmann::ordered_json ProbeAnswer(bool as_parts);
// With a thought under every name that templates read.
nlohmann::ordered_json ProbeThoughtfulAnswer(bool as_parts);
// With a thought as the first part of its content.
nlohmann::ordered_json ProbeThoughtPart();
nlohmann::ordered_json ProbeCalls(size_t count, const CallForm& form,
                                  bool thought, bool as_parts);
// The result of call CALL.
nlohmann::ordered_json ProbeResult(size_t call, bool as_parts);

// The setups worth trying: without and with tools, and each with every
// undeclared variable of the template's own set to a few kinds of value, or
// with documents where the template reads them. The first two set nothing; the
// next set all variables to text.
std::vector<ProbeSetup> ProbeSetups(const jinja::Template& compiled);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_PROBE_H_
