/** More shapes than this are not met by those that people and screens ask for. */
const MOST = 200;

/** Statements whose text depends on what is asked for, each prepared the first time that its shape is. */
export function statementCache<Statement>() {
  const known = new Map<string, Statement>();
  return (shape: string, prepare: () => Statement): Statement => {
    let statement = known.get(shape);
    if (statement === undefined) {
      if (known.size >= MOST) known.clear();
      statement = prepare();
      known.set(shape, statement);
    }
    return statement;
  };
}
