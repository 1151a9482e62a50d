import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON in and out, with Java's own number types; lists print themselves as JSON the way API Gateway's do. */
final class Json {
  /** A list that came from JSON. Its toString is JSON, unlike that of a list written in a template. */
  public static final class JsonList extends ArrayList<Object> {
    @Override
    public String toString() {
      return write(this);
    }
  }

  private final String text;
  private int at = 0;

  private Json(String text) {
    this.text = text;
  }

  static Object parse(String text) {
    Json json = new Json(text);
    Object value = json.value();
    json.space();
    if (json.at != text.length()) throw new IllegalArgumentException("trailing text at " + json.at);
    return value;
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
  }

  private boolean take(char c) {
    space();
    if (at < text.length() && text.charAt(at) == c) {
      at++;
      return true;
    }
    return false;
  }

  private void need(char c) {
    if (!take(c)) throw new IllegalArgumentException("expected " + c + " at " + at);
  }

  private Object value() {
    space();
    if (at >= text.length()) throw new IllegalArgumentException("unexpected end");
    char c = text.charAt(at);
    if (c == '{') return object();
    if (c == '[') return array();
    if (c == '"') return string();
    if (word("true")) return Boolean.TRUE;
    if (word("false")) return Boolean.FALSE;
    if (word("null")) return null;
    return number();
  }

  private boolean word(String word) {
    if (!text.startsWith(word, at)) return false;
    at += word.length();
    return true;
  }

  private Map<String, Object> object() {
    Map<String, Object> map = new LinkedHashMap<>();
    need('{');
    if (take('}')) return map;
    do {
      space();
      String key = string();
      need(':');
      map.put(key, value());
    } while (take(','));
    need('}');
    return map;
  }

  private List<Object> array() {
    List<Object> list = new JsonList();
    need('[');
    if (take(']')) return list;
    do {
      list.add(value());
    } while (take(','));
    need(']');
    return list;
  }

  private String string() {
    need('"');
    StringBuilder out = new StringBuilder();
    while (true) {
      char c = text.charAt(at++);
      if (c == '"') return out.toString();
      if (c != '\\') {
        out.append(c);
        continue;
      }
      char e = text.charAt(at++);
      if (e == 'u') {
        out.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
        at += 4;
      } else {
        int known = "bfnrt".indexOf(e);
        out.append(known < 0 ? e : "\b\f\n\r\t".charAt(known));
      }
    }
  }

  private Number number() {
    int start = at;
    while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) at++;
    String digits = text.substring(start, at);
    if (digits.contains(".") || digits.contains("e") || digits.contains("E")) return Double.valueOf(digits);
    java.math.BigInteger big = new java.math.BigInteger(digits);
    if (big.bitLength() < 32) return big.intValue();
    if (big.bitLength() < 64) return big.longValue();
    return big;
  }

  static String write(Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return out.toString();
  }

  private static void write(Object value, StringBuilder out) {
    if (value instanceof Map) {
      out.append('{');
      String separator = "";
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
        out.append(separator);
        quote(String.valueOf(entry.getKey()), out);
        out.append(':');
        write(entry.getValue(), out);
        separator = ",";
      }
      out.append('}');
    } else if (value instanceof Iterable) {
      out.append('[');
      String separator = "";
      for (Object item : (Iterable<?>) value) {
        out.append(separator);
        write(item, out);
        separator = ",";
      }
      out.append(']');
    } else if (value == null || value instanceof Number || value instanceof Boolean) {
      out.append(value);
    } else {
      quote(value.toString(), out);
    }
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int known = "\b\f\n\r\t\"\\".indexOf(c);
      if (known >= 0) out.append('\\').append("bfnrt\"\\".charAt(known));
      else if (c < 0x20) out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    out.append('"');
  }
}
