"""Makes chat.json: conversations as transformers lays them out with templates of the two layouts.

The templates below were written for this purpose after the published descriptions: ChatML with tools as in Qwen 3 and
Hermes, Llama 3.1's with tools in the system text and without its lines of dates. Run with transformers 5 and tokenizers
0.23: python make_chat_fixtures.py
"""
import json
from pathlib import Path

from tokenizers import AddedToken, Tokenizer
from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).parent

CHATML = r"""
{%- macro open(role) %}{{ '<|im_start|>' ~ role ~ '\n' }}{% endmacro -%}
{%- macro close() %}{{ '<|im_end|>\n' }}{% endmacro -%}
{%- set first = messages[0] -%}
{%- if tools %}
  {{- open('system') }}
  {%- if first.role == 'system' %}{{- first.content ~ '\n\n' }}{% endif %}
  {{- '# Tools\n\nYou may call one or more functions to assist with the user query.\n\n' }}
  {{- 'You are provided with function signatures within <tools></tools> XML tags:\n<tools>' }}
  {%- for tool in tools %}{{- '\n' ~ (tool | tojson) }}{% endfor %}
  {{- '\n</tools>\n\nFor each function call, return a json object with function name and arguments within ' }}
  {{- '<tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": ' }}
  {{- '<args-json-object>}\n</tool_call>' ~ close() }}
{%- endif %}
{%- for message in messages %}
  {%- if message.role == 'tool' %}
    {%- if messages[loop.index0 - 1].role != 'tool' %}{{- '<|im_start|>user' }}{% endif %}
    {{- '\n<tool_response>\n' ~ message.content ~ '\n</tool_response>' }}
    {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{- close() }}{% endif %}
  {%- elif message.tool_calls %}
    {{- '<|im_start|>assistant' }}
    {%- if message.content %}{{- '\n' ~ message.content }}{% endif %}
    {%- for call in message.tool_calls %}
      {{- '\n<tool_call>\n{"name": "' ~ call.function.name ~ '", "arguments": ' }}
      {{- (call.function.arguments | tojson) ~ '}\n</tool_call>' }}
    {%- endfor %}
    {{- close() }}
  {%- elif not (tools and loop.first and message.role == 'system') %}
    {{- open(message.role) ~ message.content ~ close() }}
  {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- open('assistant') }}{% endif %}
"""

LLAMA3 = r"""
{%- macro open(role) %}{{ '<|start_header_id|>' ~ role ~ '<|end_header_id|>\n\n' }}{% endmacro -%}
{{- bos_token }}
{%- if tools %}
  {{- open('system') ~ 'Environment: ipython\n' }}
  {{- 'You have access to the following functions. To call a function, please respond with JSON for a function call.' }}
  {{- 'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.' }}
  {{- 'Do not use variables.\n\n' }}
  {%- for tool in tools %}{{- (tool | tojson(indent=4)) ~ '\n\n' }}{% endfor %}
  {%- if messages[0].role == 'system' %}{{- messages[0].content | trim }}{% endif %}
  {{- '<|eot_id|>' }}
{%- endif %}
{%- for message in messages %}
  {%- if message.role == 'tool' %}
    {{- open('ipython') ~ message.content ~ '<|eot_id|>' }}
  {%- elif message.tool_calls %}
    {%- set call = message.tool_calls[0].function %}
    {{- open('assistant') ~ '{"name": "' ~ call.name ~ '", "parameters": ' ~ (call.arguments | tojson) ~ '}<|eot_id|>' }}
  {%- elif not (tools and loop.first and message.role == 'system') %}
    {{- open(message.role) ~ (message.content | trim) ~ '<|eot_id|>' }}
  {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- open('assistant') }}{% endif %}
"""

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Look the weather up; \"today\" only. Größe in °C, 天气",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "enum": []},
                "days": {"type": "integer", "maximum": 12345678901234, "exclusiveMinimum": -0.5, "examples": [1, None, True]},
            },
            "required": ["city"],
            "additionalProperties": {},
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock"}}


def user(text): return {"role": "user", "content": text}
def system(text): return {"role": "system", "content": text}
def answer(text): return {"role": "assistant", "content": text}
def result(text): return {"role": "tool", "content": text}
def call(*calls, text=""):
    return {"role": "assistant", "content": text,
            "tool_calls": [{"type": "function", "function": {"name": n, "arguments": a}} for n, a in calls]}


CITY = ("get_weather", {"city": "Zürich \"old\"\n", "days": 2, "x": [1.5, {"y": None}], "empty": {}})
PLAIN = [
    ([user("Hi"), answer("Hello!")], []),
    ([system("Be brief."), user("What is 2+2?"), answer("4"), user("and times 3?"), answer("12")], []),
    ([user("  padded \n"), answer("\n multi\nline \n"), user("ünïcødé 你好 😀 \\n {{ x }}"), answer("")], []),
    ([user("a"), user("b"), answer("c")], []),
    ([user("Weather?"), call(CITY), result("{\"degrees\": 3}"), answer("Cold.")], [WEATHER, CLOCK]),
    ([system(" Be kind. "), user("Weather?"), call(("clock", {})), result(" noon\n"), answer("Noon."), user("Bye")], [CLOCK]),
]
CHATML_ONLY = [
    ([user("Both?"), call(CITY, ("clock", {}), text="I look."), result("3"), result("noon"), answer("3 at noon.")], [WEATHER]),
]


def tokenizer(layout):
    base = Tokenizer.from_file(str(HERE / "bytelevel_llama3" / "tokenizer.json"))
    if layout == "chatml":
        base.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in ("<|im_start|>", "<|im_end|>")])
        base.add_tokens([AddedToken(t, special=False, normalized=False) for t in
                         ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")])
        (HERE / "chatml_tokenizer").mkdir(exist_ok=True)
        (HERE / "chatml_tokenizer" / "tokenizer.json").write_text(compact(json.loads(base.to_str())))
    return PreTrainedTokenizerFast(
        tokenizer_object=base, bos_token="<|begin_of_text|>", chat_template=CHATML if layout == "chatml" else LLAMA3)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def neutral(message):
    calls = [{"name": c["function"]["name"], "arguments": json.dumps(c["function"]["arguments"], ensure_ascii=False)}
             for c in message.get("tool_calls", [])]
    role = "observation" if message["role"] == "tool" else message["role"]
    return {"role": role, "text": message["content"], "calls": calls}


cases = []
for layout, extra in (("chatml", CHATML_ONLY), ("llama3", [])):
    maker = tokenizer(layout)
    for messages, tools in PLAIN + extra:
        for prompt in (False, True) if len(messages) == 2 else (False,):
            arguments = dict(tools=tools or None, add_generation_prompt=prompt)
            text = maker.apply_chat_template(messages, tokenize=False, **arguments)
            cases.append({
                "layout": layout, "turns": [neutral(m) for m in messages], "adds_generation_prompt": prompt,
                "tools": [{"line": json.dumps(t, ensure_ascii=False), "indented": json.dumps(t, ensure_ascii=False, indent=4)}
                          for t in tools],
                "text": text, "ids": maker(text, add_special_tokens=layout == "chatml")["input_ids"]})
(HERE / "chat.json").write_text(compact(cases))
