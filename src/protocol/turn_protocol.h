// Everything that decides how a conversation becomes token ids and how a reply
// ends, resolved once from a model's own files.
#ifndef FULLSTOP_PROTOCOL_TURN_PROTOCOL_H_
#define FULLSTOP_PROTOCOL_TURN_PROTOCOL_H_

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/template.h"
#include "protocol/facts.h"
#include "protocol/sources.h"

namespace fullstop {

struct DerivedEnds;
struct DerivedMarkers;

struct ResolveOptions {
  // --template FILE: replaces the default template and drops the named ones.
  std::optional<TemplateFact> template_override;
  // --stops +ID,-ID, in order; nullopt changes nothing.
  std::optional<std::string> stops_override;
};

// A resolved protocol. Immutable and shared: any number of threads may read and
// render with it; copies of the pointer are cheap.
class TurnProtocol {
 public:
  // Joins what SOURCES declare and derives the rest from renderings of the
  // templates. A template that does not compile or render is a finding, not an
  // error. Throws Error (kUsage) for a malformed override.
  static std::shared_ptr<const TurnProtocol> Resolve(
      const ProtocolSources& sources, const ResolveOptions& options = {});

  const ProtocolFacts& facts() const { return facts_; }
  const StopSet& stops() const { return facts_.stops; }
  const std::string& hash() const { return facts_.hash; }

  // nullptr where the protocol was made of a template alone.
  const Tokenizer* tokenizer() const { return tokenizer_.get(); }

  bool has_template() const { return !templates_.empty(); }
  // The template for a request: `tool_use` where tools are given and it exists,
  // else the default. Throws Error (kTemplate) where there is none, or where it
  // does not compile.
  const jinja::Template& TemplateFor(bool with_tools) const;

  // Whether ID is recognised in template bytes only.
  bool IsControl(TokenId id) const;
  // Control tokens that the tokenizer itself takes for ordinary added ones;
  // ascending, as EncodeOptions wants them.
  std::span<const TokenId> extra_control() const { return extra_control_; }

 private:
  struct NamedTemplate {
    std::string name;
    jinja::Template compiled;
  };

  TurnProtocol() = default;
  // The steps of Resolve, in order; each fills its part of facts_.
  void CompileTemplates(std::vector<TemplateFact> templates);
  void ResolveIds(const ProtocolSources& sources,
                  const ResolveOptions& options);
  void ResolveStops(const ProtocolSources& sources,
                    const ResolveOptions& options, const DerivedEnds& derived,
                    const std::set<TokenId>& written);
  void ResolveMarkers(const DerivedMarkers& markers);
  void FindKnownCalls(const jinja::Template& compiled);

  ProtocolFacts facts_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<NamedTemplate> templates_;
  // Ascending.
  std::vector<TokenId> control_;
  std::vector<TokenId> extra_control_;
};

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_TURN_PROTOCOL_H_
