#include "protocol/turn_protocol.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "protocol/derive_calls.h"
#include "protocol/derive_markers.h"
#include "protocol/join.h"

namespace fullstop {
namespace {

constexpr const char* kDefaultTemplate = "default";
constexpr const char* kToolTemplate = "tool_use";

std::vector<SpecialToken> CollectSpecials(const ProtocolSources& sources) {
  std::vector<SpecialToken> specials;
  const Tokenizer& tokenizer = *sources.tokenizer;
  for (size_t i = 0; i < tokenizer.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const TokenInfo& info = tokenizer.info(id);
    if (info.kind != TokenKind::kControl &&
        info.kind != TokenKind::kUserDefined &&
        info.kind != TokenKind::kUnknown) {
      continue;
    }
    specials.push_back({.id = id,
                        .text = std::string(info.text),
                        .kind = info.kind,
                        .lstrip = info.lstrip,
                        .rstrip = info.rstrip,
                        .control = info.kind == TokenKind::kControl,
                        .from = {sources.specials_from}});
  }
  for (const DeclaredToken& declared : sources.tokens) {
    for (SpecialToken& special : specials) {
      if (special.id == declared.id) special.from.push_back(declared.from);
    }
  }
  return specials;
}

std::vector<NamedToken> NameTokens(const ProtocolSources& sources,
                                   std::vector<SpecialToken>* specials,
                                   std::vector<Finding>* findings) {
  std::vector<NamedToken> named;
  if (!sources.tokenizer) return named;
  const auto size = static_cast<int64_t>(sources.tokenizer->size());
  for (const DeclaredName& declared : sources.named) {
    if (declared.id < 0 || declared.id >= size) {
      findings->push_back(
          {FindingKind::kOutOfRange,
           declared.from.where + " names a token that the vocabulary of " +
               std::to_string(size) + " tokens does not have",
           declared.from.where + " = " + std::to_string(declared.id)});
      continue;
    }
    const auto id = static_cast<TokenId>(declared.id);
    named.push_back({declared.name, id,
                     std::string(sources.tokenizer->info(id).text),
                     declared.from});
    for (SpecialToken& special : *specials) {
      if (special.id == id) special.from.push_back(declared.from);
    }
  }
  return named;
}

// An added token that the template itself writes is a control token, unless it
// is white space: by its constants here, by what renderings show later.
void MarkWritten(const std::vector<std::string>& literals,
                 std::vector<SpecialToken>* specials) {
  for (SpecialToken& special : *specials) {
    if (special.control || special.kind != TokenKind::kUserDefined ||
        IsWhiteSpace(special.text)) {
      continue;
    }
    special.control = std::any_of(
        literals.begin(), literals.end(), [&](const std::string& literal) {
          return literal.find(special.text) != std::string::npos;
        });
  }
}

void MarkWritten(const std::set<TokenId>& written,
                 std::vector<SpecialToken>* specials) {
  for (SpecialToken& special : *specials) {
    if (written.contains(special.id)) special.control = true;
  }
}

// What the scanner of probes looks for: all that may be a control token.
std::vector<SpecialToken> Scannable(const std::vector<SpecialToken>& specials) {
  std::vector<SpecialToken> scannable;
  for (const SpecialToken& special : specials) {
    if (special.kind != TokenKind::kUnknown) scannable.push_back(special);
  }
  return scannable;
}

std::optional<Marker> MakeMarker(const std::string& text,
                                 const Tokenizer& tokenizer,
                                 std::span<const TokenId> extra_control) {
  if (text.empty()) return std::nullopt;
  const ByteRange whole = {0, text.size()};
  return Marker{text, tokenizer.Encode(text, {.control_ranges = {&whole, 1},
                                              .extra_control = extra_control})};
}

// How often BOS stands at the start of a rendering, at most twice.
int CountBos(Prober* prober, std::optional<TokenId> bos, bool as_parts) {
  if (!bos) return 0;
  const auto messages = nlohmann::ordered_json::array({ProbeUser(as_parts)});
  for (const ProbeSetup& setup : ProbeSetups(prober->compiled())) {
    const std::optional<Probe> probe = prober->Try(messages, setup, true);
    if (!probe) continue;
    int count = 0;
    size_t end = 0;
    for (const ProbePart& part : probe->parts) {
      if (part.id != bos || part.begin != end || count == 2) break;
      end = part.end;
      ++count;
    }
    return count;
  }
  return 0;
}

// What one template shows.
struct Derived {
  DerivedEnds ends;
  DerivedMarkers markers;
  std::set<TokenId> written;
  int bos_written = 0;
  std::string refusal;
};

Derived DeriveAll(const jinja::Template& compiled,
                  const std::vector<NamedToken>& named,
                  const TokenScanner& scanner,
                  const std::set<TokenId>& declared,
                  std::optional<TokenId> bos) {
  Prober prober(compiled, named, scanner);
  Derived derived;
  derived.ends = DeriveEnds(&prober, declared, bos);
  std::set<TokenId> ends = declared;
  for (const DerivedStop& stop : derived.ends.stops) ends.insert(stop.id);
  derived.markers = DeriveMarkers(&prober, ends);
  derived.bos_written =
      CountBos(&prober, bos, derived.ends.form.content_as_parts);
  derived.written = prober.written();
  derived.refusal = prober.refusal();
  return derived;
}

// Adds what a further template, NAME, shows to what the first one did.
void Merge(const Derived& more, const std::string& name, Derived* all) {
  DerivedEnds& ends = all->ends;
  for (DerivedStop stop : more.ends.stops) {
    stop.template_name = name;
    ends.stops.push_back(std::move(stop));
  }
  ends.strings.insert(ends.strings.end(), more.ends.strings.begin(),
                      more.ends.strings.end());
  ends.inside.insert(more.ends.inside.begin(), more.ends.inside.end());
  ends.prompts_unasked = ends.prompts_unasked || more.ends.prompts_unasked;
  ends.nothing_rendered = ends.nothing_rendered && more.ends.nothing_rendered;
  if (!ends.form.calls) ends.form.calls = more.ends.form.calls;
  all->written.insert(more.written.begin(), more.written.end());
  if (all->markers.call_opening.empty()) {
    all->markers.call_opening = more.markers.call_opening;
    all->markers.call_closing = more.markers.call_closing;
  }
  if (all->markers.call_format.kind == CallKind::kNone) {
    all->markers.call_format = more.markers.call_format;
    all->markers.other_calls = more.markers.other_calls;
  }
}

// A folder has several files that may declare ends; each of them is read by
// some runtime alone.
void ReportDisagreements(const ProtocolSources& sources,
                         std::vector<Finding>* findings) {
  std::map<std::string, std::set<int64_t>> by_file;
  for (const DeclaredStop& stop : sources.stops) {
    const bool of_folder =
        stop.from.provenance == Provenance::kConfig ||
        stop.from.provenance == Provenance::kGenerationConfig ||
        stop.from.provenance == Provenance::kTokenizerConfig;
    if (!of_folder) continue;
    by_file[stop.from.where.substr(0, stop.from.where.find(':'))].insert(
        stop.id);
  }
  const bool differ = std::any_of(
      by_file.begin(), by_file.end(),
      [&](const auto& file) { return file.second != by_file.begin()->second; });
  if (!differ) return;
  std::string message;
  for (const auto& [file, ids] : by_file) {
    message += (message.empty() ? "" : "; ") + file + " ends replies with";
    for (const int64_t id : ids) {
      message += (id == *ids.begin() ? " " : ", ") + std::to_string(id);
      if (id >= 0 && id < static_cast<int64_t>(sources.tokenizer->size())) {
        message += " ";
        message += sources.tokenizer->info(static_cast<TokenId>(id)).text;
      }
    }
  }
  findings->push_back({FindingKind::kDisagreement,
                       message + ": all of them count", "eos_token_id"});
}

void ReportBos(const BosPolicy& bos, std::vector<Finding>* findings) {
  if (bos.written > 1) {
    findings->push_back({FindingKind::kTwoBos,
                         "the template writes " + bos.text + " twice",
                         "the start of a rendering"});
  } else if (bos.written == 1 && bos.declared_add == true) {
    findings->push_back(
        {FindingKind::kTwoBos,
         "the template writes " + bos.text +
             ", and the files ask a runtime to add it: one that does both "
             "gives two; here the template's alone counts",
         "add_bos_token = true"});
  } else if (bos.written == 0 && bos.declared_add == true) {
    findings->push_back(
        {FindingKind::kNoBos,
         "the files ask for " + (bos.text.empty() ? "a BOS" : bos.text) +
             " at the start, but the template writes none: prompts begin "
             "without it",
         "add_bos_token = true"});
  }
}

void ReportPrompts(const DerivedEnds& ends, std::vector<Finding>* findings) {
  if (!ends.prompts_unasked) return;
  findings->push_back(
      {FindingKind::kPromptsUnasked,
       "the template opens the next answer behind the last one, asked to or "
       "not: how it closes the last is not seen",
       "the template's renderings"});
}

}  // namespace

std::shared_ptr<const TurnProtocol> TurnProtocol::Resolve(
    const ProtocolSources& sources, const ResolveOptions& options) {
  std::shared_ptr<TurnProtocol> protocol(new TurnProtocol());
  ProtocolFacts& facts = protocol->facts_;
  facts.sampling = sources.sampling;
  facts.findings = sources.findings;
  protocol->tokenizer_ = sources.tokenizer;
  protocol->CompileTemplates(options.template_override
                                 ? std::vector{*options.template_override}
                                 : sources.templates);
  if (sources.tokenizer) protocol->ResolveIds(sources, options);
  facts.hash = HashProtocol(facts);
  return protocol;
}

void TurnProtocol::CompileTemplates(std::vector<TemplateFact> templates) {
  const auto main = std::find_if(
      templates.begin(), templates.end(),
      [](const TemplateFact& fact) { return fact.name == kDefaultTemplate; });
  if (main != templates.end()) std::rotate(templates.begin(), main, main + 1);
  for (const TemplateFact& fact : templates) {
    if (fact.source.empty()) continue;
    facts_.templates.push_back(fact);
    try {
      templates_.push_back(
          {fact.name, jinja::Template::Parse(fact.source, fact.from.where)});
    } catch (const Error& error) {
      facts_.findings.push_back({FindingKind::kTemplateError,
                                 "the template '" + fact.name +
                                     "' does not compile: " + error.message(),
                                 error.what()});
    }
  }
  if (facts_.templates.empty()) {
    facts_.findings.push_back(
        {FindingKind::kNoTemplate,
         "the files hold no chat template: a conversation cannot be rendered",
         "tokenizer.chat_template"});
  }
}

void TurnProtocol::ResolveIds(const ProtocolSources& sources,
                              const ResolveOptions& options) {
  facts_.specials = CollectSpecials(sources);
  facts_.named = NameTokens(sources, &facts_.specials, &facts_.findings);
  for (const std::string& remark : sources.tokenizer->remarks()) {
    facts_.findings.push_back({FindingKind::kRemark, remark, "tokenizer"});
  }
  if (const NamedToken* bos = facts_.FindNamed("bos")) {
    facts_.bos.id = bos->id;
    facts_.bos.text = bos->text;
  }
  facts_.bos.declared_add = sources.add_bos;
  ReportDisagreements(sources, &facts_.findings);

  std::set<TokenId> declared;
  for (const DeclaredStop& stop : sources.stops) {
    if (stop.id >= 0 &&
        static_cast<uint64_t>(stop.id) < sources.tokenizer->size()) {
      declared.insert(static_cast<TokenId>(stop.id));
    }
  }
  const std::vector<SpecialToken> scannable = Scannable(facts_.specials);
  const TokenScanner scanner(scannable);
  Derived derived;
  for (const NamedTemplate& named : templates_) {
    if (&named.compiled != &TemplateFor(false) &&
        &named.compiled != &TemplateFor(true)) {
      continue;  // no request is rendered with it
    }
    MarkWritten(named.compiled.Literals(), &facts_.specials);
    Derived shown = DeriveAll(named.compiled, facts_.named, scanner, declared,
                              facts_.bos.id);
    if (shown.ends.nothing_rendered) {
      facts_.findings.push_back(
          {FindingKind::kTemplateError,
           "the template '" + named.name +
               (shown.refusal.empty() ? "' writes no answer of those tried"
                                      : "' refuses every conversation tried"),
           shown.refusal});
    }
    if (&named == &templates_.front()) {
      derived = std::move(shown);
    } else {
      Merge(shown, named.name, &derived);
    }
  }
  MarkWritten(derived.written, &facts_.specials);
  for (const SpecialToken& special : facts_.specials) {
    if (!special.control) continue;
    control_.push_back(special.id);
    if (special.kind == TokenKind::kUserDefined) {
      extra_control_.push_back(special.id);
    }
  }
  ResolveStops(sources, options, derived.ends, derived.written);
  ResolveMarkers(derived.markers);
  ReportPrompts(derived.ends, &facts_.findings);
  facts_.form = derived.ends.form;
  facts_.bos.written = derived.bos_written;
  if (!templates_.empty()) ReportBos(facts_.bos, &facts_.findings);
}

void TurnProtocol::ResolveStops(const ProtocolSources& sources,
                                const ResolveOptions& options,
                                const DerivedEnds& derived,
                                const std::set<TokenId>& written) {
  facts_.stops =
      JoinStops({sources, *tokenizer_, facts_.specials, derived, written},
                &facts_.findings);
  if (options.stops_override) {
    OverrideStops(*options.stops_override, *tokenizer_, &facts_.stops,
                  &facts_.findings);
  }
  if (!HasEnd(facts_.stops)) {
    facts_.findings.push_back(
        {FindingKind::kNoEnd,
         "nothing tells where a reply ends: it goes on to the token limit",
         "no declared, derived or guessed end"});
  }
}

void TurnProtocol::ResolveMarkers(const DerivedMarkers& markers) {
  const auto marker = [&](const std::string& text) {
    return MakeMarker(text, *tokenizer_, extra_control_);
  };
  facts_.reasoning.opening = marker(markers.thought_opening);
  facts_.reasoning.closing = marker(markers.thought_closing);
  facts_.reasoning.answer = marker(markers.answer_opening);
  facts_.reasoning.answer_closing = marker(markers.answer_closing);
  facts_.reasoning.header = marker(markers.header_opening);
  facts_.reasoning.prefilled = markers.thought_prefilled;
  facts_.reasoning.field = markers.thought_field;
  facts_.reasoning.switch_name = markers.switch_name;
  facts_.reasoning.switch_on = markers.switch_on;
  facts_.tool_calls.opening = marker(markers.call_opening);
  facts_.tool_calls.closing = marker(markers.call_closing);
  facts_.tool_calls.format = markers.call_format;
  facts_.tool_calls.others = markers.other_calls;
  if (!templates_.empty()) FindKnownCalls(TemplateFor(true));
}

// What a template that tells of tools does not show of calls.
void TurnProtocol::FindKnownCalls(const jinja::Template& compiled) {
  const std::vector<std::string>& reads = compiled.undeclared();
  if (std::find(reads.begin(), reads.end(), "tools") == reads.end()) return;
  const std::vector<std::string> literals = compiled.Literals();
  const auto writes = [&](std::string_view marker) {
    return std::any_of(literals.begin(), literals.end(),
                       [&](const std::string& literal) {
                         return literal.find(marker) != std::string::npos;
                       }) ||
           std::any_of(facts_.specials.begin(), facts_.specials.end(),
                       [&](const SpecialToken& token) {
                         return token.control && token.text == marker;
                       });
  };
  ToolCallMarkers& calls = facts_.tool_calls;
  if (calls.format.kind == CallKind::kNone) {
    if (const auto known = KnownCallFormat(writes)) calls.format = *known;
  }
  for (CallFormat& other : KnownOtherFormats(calls.format, writes)) {
    calls.others.push_back(std::move(other));
  }
}

const jinja::Template& TurnProtocol::TemplateFor(bool with_tools) const {
  const NamedTemplate* chosen = nullptr;
  for (const NamedTemplate& named : templates_) {
    if (named.name == kDefaultTemplate ||
        (with_tools && named.name == kToolTemplate)) {
      chosen = &named;
      if (named.name == kToolTemplate) break;
    }
  }
  if (chosen == nullptr && !templates_.empty()) chosen = &templates_.front();
  if (chosen != nullptr) return chosen->compiled;
  for (const Finding& finding : facts_.findings) {
    if (finding.kind == FindingKind::kTemplateError) {
      const size_t place =
          std::min(finding.evidence.find('\n'), finding.evidence.size());
      throw Error::Template(finding.message + finding.evidence.substr(place))
          .Advice("give another one with --template FILE");
    }
  }
  throw Error::Template("the model's files hold no chat template")
      .Advice(
          "a base model has none: it continues a text and has not learnt to "
          "end a turn (use generate --raw); for a chat model give one with "
          "--template FILE");
}

bool TurnProtocol::IsControl(TokenId id) const {
  return std::binary_search(control_.begin(), control_.end(), id);
}

}  // namespace fullstop
