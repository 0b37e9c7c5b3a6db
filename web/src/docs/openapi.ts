// Own reading the OpenAPI document: the operations in order, and how a schema is named.

export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  description?: string;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
}

interface Content {
  content?: Record<string, { schema?: Schema }>;
  description?: string;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Operation {
  method: string;
  path: string;
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: Content;
  responses?: Record<string, Content>;
}

export interface OpenApi {
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, Omit<Operation, "method" | "path">>>;
  components?: { schemas?: Record<string, Schema> };
}

const METHODS = ["get", "post", "put", "patch", "delete"];

export const operationsOf = (document: OpenApi): Operation[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const operation = methods[method];
      return operation === undefined ? [] : [{ ...operation, method: method.toUpperCase(), path }];
    }),
  );

export const schemaOf = (body: Content | undefined): Schema | undefined =>
  Object.values(body?.content ?? {})[0]?.schema;

export const refName = (ref: string): string => ref.slice(ref.lastIndexOf("/") + 1);

/** Return the schemas of which a value has one, null where there is only the schema itself. */
export const alternativesOf = (schema: Schema | undefined): Schema[] | null =>
  schema?.anyOf ?? schema?.oneOf ?? null;

/** Name a schema in a few words, such as "list of CurvePointView" or "date or null". */
export function typeName(schema: Schema | undefined): string {
  if (schema === undefined) return "any";
  if (schema.$ref !== undefined) return refName(schema.$ref);
  const alternatives = alternativesOf(schema);
  if (alternatives !== null) return alternatives.map(typeName).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (schema.type === "array") return `list of ${typeName(schema.items)}`;
  return schema.format ?? schema.type ?? "any";
}
