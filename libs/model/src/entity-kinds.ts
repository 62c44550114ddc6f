/** What an operator can create. The word is used in references, problems and audit actions. */
export type EntityKind = 'listener' | 'destination' | 'route' | 'group' | 'middleware' | 'secret'

/** All kinds, in the order in which configuration documents list them. */
export const entityKinds: readonly EntityKind[] = ['listener', 'destination', 'route', 'group', 'middleware', 'secret']

/** The plural of a kind: the REST collection, and the name of the list in documents. */
export const plural: Readonly<Record<EntityKind, string>> = {
  listener: 'listeners',
  destination: 'destinations',
  route: 'routes',
  group: 'groups',
  middleware: 'middlewares',
  secret: 'secrets',
}

/** Which entity a problem or a reference is about. `id` is absent while none is assigned. */
export interface EntityRef {
  readonly kind: EntityKind | 'test' | 'snapshot' | 'config'
  readonly id?: string
  readonly name?: string
}
