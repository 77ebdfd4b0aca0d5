// Ends derived from small templates of our own, one for each way in which a
// template may close a turn.
#include "protocol/derive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/byte_model.h"

namespace fullstop {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// "text role" for each stop, the derived strings quoted.
std::vector<std::string> Ends(const TurnProtocol& protocol) {
  std::vector<std::string> ends;
  for (const Stop& stop : protocol.stops().stops) {
    ends.push_back(stop.text + " " + std::string(StopRoleName(stop.role)));
  }
  for (const std::string& text : protocol.stops().strings) {
    ends.push_back("'" + text + "'");
  }
  return ends;
}

size_t Count(const TurnProtocol& protocol, FindingKind kind) {
  size_t count = 0;
  for (const Finding& finding : protocol.facts().findings) {
    count += finding.kind == kind ? 1 : 0;
  }
  return count;
}

constexpr const char* kHeaders =
    "{% for m in messages %}<a>{{ m.role }}\n{{ m.content }}<z>\n{% endfor %}"
    "{% if add_generation_prompt %}<a>assistant\n{% endif %}";

TEST(DeriveTest, ClosingIdEndsTheTurnAndOpenerIsSeen) {
  const auto protocol = ByteModel({"<a>", "<z>"}).Template(kHeaders).Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
  EXPECT_EQ(Count(*protocol, FindingKind::kWrittenNotDeclared), 1);
}

TEST(DeriveTest, WrongDeclaredEndIsJoinedAndReported) {
  const auto protocol = ByteModel({"<a>", "<z>", "<other>"})
                            .Template(kHeaders)
                            .Declare("eos", "<other>")
                            .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open",
                                   "<other> sequence_end"));
  EXPECT_EQ(Count(*protocol, FindingKind::kDeclaredNotWritten), 1);
  EXPECT_EQ(Count(*protocol, FindingKind::kWrittenNotDeclared), 1);
}

TEST(DeriveTest, EndOfSequenceBehindTheWholeConversationIsNotTheTurnsEnd) {
  const auto protocol =
      ByteModel({"<a>", "<z>", "<eos>"})
          .Template(
              "{% for m in messages %}<a>{{ m.role }}\n{{ m.content }}<z>\n"
              "{% endfor %}{% if add_generation_prompt %}<a>assistant\n"
              "{% else %}{{ eos_token }}{% endif %}")
          .Declare("eos", "<eos>")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open",
                                   "<eos> sequence_end"));
}

TEST(DeriveTest, TurnsWithoutClosingIdEndAtTheNextOpener) {
  const auto protocol =
      ByteModel({"<sop>", "<sys>", "<usr>", "<ast>", "<obs>"})
          .Template(
              "<sop>{% for m in messages %}"
              "{% if m.role == 'system' %}<sys>{{ m.content }}"
              "{% elif m.role == 'user' %}<usr>{{ m.content }}"
              "{% elif m.role == 'tool' %}<obs>{{ m.content }}"
              "{% else %}<ast>{{ m.content or '' }}"
              "{% for c in m.tool_calls or [] %}{{ c.function.name }}"
              "{{ c.function.arguments | tojson }}{% endfor %}"
              "{% endif %}{% endfor %}"
              "{% if add_generation_prompt %}<ast>{% endif %}")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<usr> turn_end", "<obs> tool_call",
                                   "<sys> turn_open"));
}

constexpr const char* kChannels =
    "{% for m in messages %}"
    "{% if m.role == 'assistant' %}"
    "{% if m.thinking %}<s>assistant<c>analysis<m>{{ m.thinking }}<e>"
    "{% endif %}"
    "{% if m.tool_calls %}{% for t in m.tool_calls %}<s>assistant to="
    "{{ t.function.name }}<c>commentary<m>{{ t.function.arguments | tojson }}"
    "<call>{% endfor %}"
    "{% elif loop.last and not add_generation_prompt %}"
    "<s>assistant<c>final<m>{{ m.content }}<return>"
    "{% else %}<s>assistant<c>final<m>{{ m.content }}<e>{% endif %}"
    "{% else %}<s>{{ m.role }}<m>{{ m.content }}<e>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant{% endif %}";

TEST(DeriveTest, SeparatorOfChannelsIsASectionEnd) {
  const auto protocol =
      ByteModel({"<s>", "<c>", "<m>", "<e>", "<call>", "<return>"})
          .Template(kChannels)
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<return> turn_end", "<call> tool_call",
                                   "<e> section"));
}

TEST(DeriveTest, DeclaredSeparatorStaysASectionEnd) {
  const auto protocol =
      ByteModel({"<s>", "<c>", "<m>", "<e>", "<call>", "<return>"})
          .Template(kChannels)
          .Declare("eos", "<return>")
          .Declare("eot", "<e>")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<return> turn_end", "<call> tool_call",
                                   "<e> section"));
  EXPECT_EQ(Count(*protocol, FindingKind::kSection), 1);
}

// TEXT with the prompt written always.
std::string Unasked(std::string text) {
  return "{% set add_generation_prompt = true %}" + std::move(text);
}

TEST(DeriveTest, HeaderOfAnAnswerThatNobodyAskedForEndsNone) {
  const auto headers =
      ByteModel({"<a>", "<z>"}).Template(Unasked(kHeaders)).Resolve();
  EXPECT_THAT(Ends(*headers),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
  EXPECT_EQ(Count(*headers, FindingKind::kPromptsUnasked), 1);
  const auto openers =
      ByteModel({"<usr>", "<ast>", "<sys>"})
          .Template(Unasked("{% for m in messages %}"
                            "{% if m.role == 'system' %}<sys>"
                            "{% elif m.role == 'user' %}<usr>"
                            "{% else %}<ast>{% endif %}{{ m.content }}"
                            "{% endfor %}"
                            "{% if add_generation_prompt %}<ast>{% endif %}"))
          .Resolve();
  EXPECT_THAT(Ends(*openers),
              UnorderedElementsAre("<usr> turn_end", "<sys> turn_open"));
  EXPECT_EQ(Count(*openers, FindingKind::kPromptsUnasked), 1);
}

TEST(DeriveTest, SectionIsNoEndOfAnAnswerThatIsNotSeenLast) {
  const auto protocol =
      ByteModel({"<s>", "<c>", "<m>", "<e>", "<call>", "<return>"})
          .Template(Unasked(kChannels))
          .Declare("eos", "<return>")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<return> sequence_end", "<call> tool_call",
                                   "<e> section"));
  EXPECT_EQ(Count(*protocol, FindingKind::kWrittenNotDeclared), 1);  // <call>
}

TEST(DeriveTest, TemplateWithoutAPromptOpensNone) {
  const auto protocol =
      ByteModel({"<a>", "<z>", "<eos>"})
          .Template(
              "{% for m in messages %}<a>{{ m.role }}\n{{ m.content }}<z>"
              "{% endfor %}<eos>")
          .Resolve();
  EXPECT_EQ(Count(*protocol, FindingKind::kPromptsUnasked), 0);
}

TEST(DeriveTest, DeclaredEndThatOpensACallOfANamedToolIsASection) {
  const auto protocol =
      ByteModel({"<a>", "<eot>", "<tag>"})
          .Template(
              "{% for m in messages %}<a>{{ m.role }}:"
              "{% if m.tool_calls %}"
              "{% set call = m.tool_calls[0].function %}"
              "{% if own is defined and call.name in own %}<tag>{% endif %}"
              "{{ call.name }}{{ call.arguments | tojson }}<eot>"
              "{% else %}{{ m.content }}<eot>{% endif %}{% endfor %}"
              "{% if add_generation_prompt %}<a>assistant:{% endif %}")
          .Declare("eos", "<tag>")
          .Resolve();
  EXPECT_THAT(
      Ends(*protocol),
      UnorderedElementsAre("<eot> turn_end", "<tag> section", "<a> turn_open"));
  EXPECT_EQ(Count(*protocol, FindingKind::kSection), 1);
}

TEST(DeriveTest, PromptThatDiffersWithinATokenTellsNothingOfInside) {
  const auto protocol =
      ByteModel({"<|end|>", "<|usr|>", "<|ast|>"})
          .Template(
              "{% for m in messages %}"
              "{{ '<|usr|>' if m.role == 'user' else '<|ast|>' }}"
              "{{ m.content }}{{ '' if loop.last else '<|end|>' }}{% endfor %}"
              "{% if add_generation_prompt %}<|ast|>{% endif %}")
          .Declare("eos", "<|ast|>")
          .Resolve();
  EXPECT_EQ(Count(*protocol, FindingKind::kSection), 0);
}

TEST(DeriveTest, CallMayEndWithAnIdOfItsOwn) {
  const auto protocol =
      ByteModel({"<a>", "<eot>", "<eom>"})
          .Template(
              "{% for m in messages %}<a>{{ m.role }}:"
              "{% if m.tool_calls %}{{ m.tool_calls[0].function.name }}"
              "{{ m.tool_calls[0].function.arguments | tojson }}"
              "{{ '<eom>' if builtin is defined else '<eot>' }}"
              "{% else %}{{ m.content }}<eot>{% endif %}{% endfor %}"
              "{% if add_generation_prompt %}<a>assistant:{% endif %}")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<eot> turn_end", "<eom> tool_call",
                                   "<a> turn_open"));
}

TEST(DeriveTest, ClosedSectionOfAnAnswerYieldsToTheEndOfEveryTurn) {
  const auto protocol =
      ByteModel({"<a>", "<r>", "</r>", "<act>", "</act>", "<z>"})
          .Template(
              "{% for m in messages %}<a>{{ m.role }}:"
              "{% if m.role == 'assistant' %}{% if m.tool_calls %}<act>"
              "{{ m.tool_calls[0].function.arguments | tojson }}</act>"
              "{% else %}<r>{{ m.content }}</r>{% endif %}"
              "{% else %}{{ m.content }}{% endif %}<z>{% endfor %}"
              "<a>assistant:")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
}

TEST(DeriveTest, SecondCallClosesTheTurnWhereTheFirstDoesNot) {
  const auto protocol =
      ByteModel({"<u>", "<b>", "<cb>", "<ce>", "<be>", "<end>", "<out>"})
          .Template(
              "{% for m in messages %}"
              "{% if m.role == 'user' %}<u>{{ m.content }}"
              "{% elif m.role == 'tool' %}<out>{{ m.content }}"
              "{% elif m.content is none %}<b>{% for t in m.tool_calls %}"
              "<cb>{{ t.function.name + t.function.arguments }}<ce>"
              "{% if not loop.first %}<be><end>{% endif %}{% endfor %}"
              "{% else %}{{ m.content + '<end>' }}{% endif %}{% endfor %}")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<end> turn_end", "<u> turn_open",
                                   "<out> turn_open"));
  ASSERT_TRUE(protocol->facts().form.calls);
  EXPECT_EQ(protocol->facts().form.calls->arguments, CallArguments::kText);
  EXPECT_EQ(protocol->facts().form.calls->content, CallContent::kNull);
}

TEST(DeriveTest, TextEndsTheTurnOnlyWhereNoIdDoes) {
  const char* source =
      "{% for m in messages %}"
      "{{ {'user': 'Human', 'assistant': 'Bot'}[m.role] }}: "
      "{{ m.content }}\n\n{% endfor %}"
      "{% if add_generation_prompt %}Bot:{% endif %}";
  EXPECT_THAT(Ends(*ByteModel({"<x>"}).Template(source).Resolve()),
              UnorderedElementsAre("'\n\nHuman:'"));
  EXPECT_THAT(
      Ends(
          *ByteModel({"<x>"}).Template(source).Declare("eos", "<x>").Resolve()),
      UnorderedElementsAre("<x> sequence_end"));
}

TEST(DeriveTest, WhiteSpaceAloneIsNoStopString) {
  const auto protocol =
      ByteModel({"<x>"})
          .Template("{% for m in messages %}{{ m.content }}\n\n{% endfor %}")
          .Resolve();
  EXPECT_THAT(Ends(*protocol), IsEmpty());
  EXPECT_EQ(Count(*protocol, FindingKind::kNoEnd), 1);
}

TEST(DeriveTest, NameIsGuessedOnlyForARoleThatNoIdHas) {
  const auto guessed = ByteModel({"<a>", "<z>", "<|endoftext|>", "<|eom_id|>",
                                  "<|fim_end|>", "<pad>"})
                           .Template(kHeaders)
                           .Resolve();
  EXPECT_THAT(Ends(*guessed),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open",
                                   "<|endoftext|> sequence_end",
                                   "<|eom_id|> tool_call"));
  EXPECT_EQ(Count(*guessed, FindingKind::kGuess), 2);
  // An added token that is not special is never guessed.
  EXPECT_THAT(Ends(*ByteModel({"<a>", "<z>"}, {"<|endoftext|>"})
                        .Template(kHeaders)
                        .Resolve()),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
}

TEST(DeriveTest, VariablesOfTheTemplatesOwnAreAllTriedTogether) {
  const auto protocol = ByteModel({"<a>", "<z>"})
                            .Template("{{ 'fns: ' + fns + ' on ' + day }}" +
                                      std::string(kHeaders))
                            .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
}

TEST(DeriveTest, TemplateThatRefusesEverythingIsAFinding) {
  const auto protocol = ByteModel({"<a>", "<z>"})
                            .Template("{{ raise_exception('never') }}")
                            .Declare("eos", "<z>")
                            .Resolve();
  EXPECT_THAT(Ends(*protocol), UnorderedElementsAre("<z> sequence_end"));
  EXPECT_EQ(Count(*protocol, FindingKind::kTemplateError), 1);
}

TEST(DeriveTest, EndlessTemplateIsGivenUp) {
  const auto protocol =
      ByteModel({"<a>", "<z>"})
          .Template(
              "{% for i in range(60000) %}{% for k in range(60000) %}"
              "{% endfor %}{% endfor %}")
          .Declare("eos", "<z>")
          .Resolve();
  EXPECT_EQ(Count(*protocol, FindingKind::kTemplateError), 1);
}

TEST(DeriveTest, RoleNamesMakeMarkersWithTheTemplatesText) {
  const auto protocol =
      ByteModel({"<|user|>", "<|assistant|>", "<|end|>", "<|eos|>"})
          .Template(
              "{% for m in messages %}{{ '<|' + m['role'] + '|>' }}"
              "{{ m.content }}<|end|>{% endfor %}")
          .Declare("eos", "<|eos|>")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<|end|> turn_end", "<|user|> turn_open",
                                   "<|eos|> sequence_end"));
}

TEST(DeriveTest, ContentIsTriedAsPartsWhereTextIsNotWritten) {
  const auto protocol =
      ByteModel({"<a>", "<z>"})
          .Template(
              "{% for m in messages %}<a>{{ m.role }}:{% for p in m.content %}"
              "{% if p.type == 'text' %}{{ p.text }}{% endif %}{% endfor %}<z>"
              "{% endfor %}{% if add_generation_prompt %}<a>assistant:"
              "{% endif %}")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
  EXPECT_TRUE(protocol->facts().form.content_as_parts);
}

TEST(DeriveTest, SystemTurnMayBeRequired) {
  const auto protocol =
      ByteModel({"<a>", "<z>"})
          .Template(
              "{% if messages[0].role != 'system' %}"
              "{{ raise_exception('system first') }}{% endif %}" +
              std::string(kHeaders))
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
}

TEST(DeriveTest, AnswersMayBeClosedOnlyInHistory) {
  const auto protocol =
      ByteModel({"<u>", "<b>", "<z>"})
          .Template(
              "{% for m in messages %}{{ '<u>' if m.role == 'user' else '<b>' "
              "}}{{ m.content }}{% if m.role != 'user' and not loop.last %}<z>"
              "{% endif %}{% endfor %}")
          .Resolve();
  EXPECT_THAT(
      Ends(*protocol),
      UnorderedElementsAre("<z> turn_end", "<u> turn_open", "<b> turn_open"));
}

TEST(DeriveTest, ToolTemplateIsDerivedTooWhereItIsNamed) {
  ByteModel model({"<a>", "<z>", "<t>"});
  const std::string tools =
      "{% for m in messages %}<a>{{ m.role }}{% if m.tool_calls %}"
      "{{ m.tool_calls[0].function.arguments | tojson }}<t>"
      "{% else %}{{ m.content }}<z>{% endif %}{% endfor %}";
  ProtocolSources sources = model.Template(kHeaders).Sources();
  sources.templates.push_back(
      {"tool_use", tools, {Provenance::kGguf, "tokenizer.chat_template.tool"}});
  EXPECT_THAT(
      Ends(*TurnProtocol::Resolve(sources)),
      UnorderedElementsAre("<z> turn_end", "<t> tool_call", "<a> turn_open"));
}

TEST(DeriveTest, WhatClosesUsersTurnsTooIsPreferredToTheEndOfASection) {
  const auto protocol =
      ByteModel({"<a>", "<z>", "<r>", "</r>"})
          .Template(
              "{% for m in messages %}<a>{{ m.role }}"
              "{% if m.role == 'assistant' %}<r>{{ m.content }}</r>"
              "{% else %}{{ m.content }}{% endif %}<z>{% endfor %}"
              "{% if add_generation_prompt %}<a>assistant<r>{% endif %}")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
}

TEST(DeriveTest, WhatClosesAnEmptyFirstTurnIsNoOpener) {
  const auto protocol =
      ByteModel({"<a>", "<s>", "<u>", "<b>", "<z>", "<r>", "</r>"})
          .Template(
              "<a><s><z>{% for m in messages %}"
              "{% if m.tool_calls %}<a><b>{{ m.tool_calls | tojson }}<z>"
              "{% elif m.role == 'assistant' %}<a><b><r>{{ m.content }}</r><z>"
              "{% else %}<a><u>{{ m.content }}<z>{% endif %}{% endfor %}"
              "<a><b>")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
}

TEST(DeriveTest, TextEndsTurnsWhereIdsOnlyOpenThem) {
  const auto protocol =
      ByteModel({"<sys>"})
          .Template(
              "{% for m in messages %}{% if m.role == 'system' %}<sys>"
              "{% elif m.role == 'user' %}User:{% else %}Bot:{% endif %}"
              "{{ m.content }}{% endfor %}")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<sys> turn_open", "'User:'"));
}

TEST(DeriveTest, WhiteSpaceInHeadersDoesNotMatter) {
  const auto protocol =
      ByteModel({"<a>", "<z>"})
          .Template(
              "{% for m in messages %}{{ '   ' if m.role == 'assistant' }}"
              "<a>{{ m.role }}\n{{ m.content }}<z>\n{% endfor %}"
              "{% if add_generation_prompt %}<a>assistant\n{% endif %}")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
}

TEST(DeriveTest, AnswersMayNeedATurnBehindThem) {
  const auto protocol =
      ByteModel({"<a>", "<z>"})
          .Template(
              "{% if messages[-1].role != 'user' %}"
              "{{ raise_exception('user last') }}{% endif %}" +
              std::string(kHeaders))
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
}

TEST(DeriveTest, DocumentsMayBeRequired) {
  const auto protocol =
      ByteModel({"<a>", "<z>"})
          .Template("{% for d in documents %}{{ d.text }}{% endfor %}" +
                    std::string(kHeaders))
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
}

TEST(DeriveTest, WhatStandsWithinATurnIsNotGuessed) {
  const auto protocol =
      ByteModel({"<a>", "<z>", "<|eom|>"})
          .Template(
              "{% for m in messages %}{% if m.reasoning_content %}<a>self:"
              "{{ m.reasoning_content }}<|eom|>{% endif %}"
              "<a>{{ m.role }}:{{ m.content }}<z>{% endfor %}"
              "{% if add_generation_prompt %}<a>{% endif %}")
          .Resolve();
  EXPECT_THAT(Ends(*protocol), UnorderedElementsAre("<z> turn_end"));
}

TEST(DeriveTest, NamesOfArgumentsMayBeRepeatedByClosingTags) {
  const auto protocol =
      ByteModel({"<a>", "<z>", "<n>"})
          .Template(
              "{% for m in messages %}<a>{{ m.role }}:{{ m.content or '' }}"
              "{% for c in m.tool_calls or [] %}<n>{{ c.function.name }}"
              "{% for k, v in c.function.arguments.items() %}"
              "<n>{{ k }}={{ v }}<n>/{{ k }}{% endfor %}{% endfor %}<z>"
              "{% endfor %}{% if add_generation_prompt %}<a>assistant:"
              "{% endif %}")
          .Resolve();
  EXPECT_THAT(Ends(*protocol),
              UnorderedElementsAre("<z> turn_end", "<a> turn_open"));
}

}  // namespace
}  // namespace fullstop
