import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Stand-ins for API Gateway's own variables, as far as its documentation describes them. */
final class Gateway {
  private Gateway() {}

  public static final class Input {
    private final String body;
    private final Map<String, Map<String, Object>> params;

    Input(String body, Map<String, Map<String, Object>> params) {
      this.body = body;
      this.params = params;
    }

    public String getBody() {
      return body.isEmpty() ? "{}" : body;
    }

    public Object path(String path) {
      Object value = find(path);
      return value == null ? "" : value;
    }

    public String json(String path) {
      Object value = find(path);
      return value == null ? "\"\"" : Json.write(value);
    }

    public Map<String, Map<String, Object>> params() {
      return params;
    }

    public Object params(String name) {
      for (String place : new String[] {"path", "querystring", "header"}) {
        Object value = params.get(place).get(name);
        if (value != null) return value;
      }
      return "";
    }

    /** Definite paths only: $.a.b[0]['c']. */
    private Object find(String path) {
      Object value = Json.parse(getBody());
      String rest = path.substring(1).replaceAll("\\[['\"]?([^\\]'\"]*)['\"]?\\]", ".$1");
      for (String step : rest.split("\\.")) {
        if (step.isEmpty()) continue;
        if (value instanceof Map) value = ((Map<?, ?>) value).get(step);
        else if (value instanceof List) value = ((List<?>) value).get(Integer.parseInt(step));
        else return null;
      }
      return value;
    }
  }

  public static final class Util {
    public String escapeJavaScript(String text) {
      return org.apache.commons.lang.StringEscapeUtils.escapeJavaScript(text);
    }

    public Object parseJson(String text) {
      return Json.parse(text);
    }

    public String urlEncode(String text) {
      return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    public String urlDecode(String text) {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    public String base64Encode(String text) {
      return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    public String base64Decode(String text) {
      return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
    }
  }

  /** A map, and the maps in it, that give an empty string for what is not there: so they print nothing, as on AWS. */
  static Object variables(Object given) {
    if (!(given instanceof Map)) return given;
    Map<Object, Object> variables = new LinkedHashMap<>() {
      @Override
      public Object get(Object name) {
        Object value = super.get(name);
        return value == null ? "" : value;
      }
    };
    ((Map<?, ?>) given).forEach((name, value) -> variables.put(name, variables(value)));
    return variables;
  }

  static Map<String, Map<String, Object>> params(Object given) {
    Map<String, Map<String, Object>> params = new LinkedHashMap<>();
    for (String place : new String[] {"path", "querystring", "header"}) {
      @SuppressWarnings("unchecked")
      Map<String, Object> values = given == null ? null : (Map<String, Object>) ((Map<?, ?>) given).get(place);
      params.put(place, values == null ? new LinkedHashMap<>() : values);
    }
    return params;
  }
}
